// RFC 8628: two stock clients are let in by a person through REST.
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { discover, done, env, insecure, register } from './setup.mjs'

const grant = 'urn:ietf:params:oauth:grant-type:device_code'
const as = await discover()
assert.ok(as.device_authorization_endpoint)
const made = await register({ name: 'tv', scopes: ['read:profile'], grant_types: [grant, 'refresh_token'], token_endpoint_auth_method: 'none' })

async function decide(code, verdict) {
  const request = { method: 'POST', headers: { authorization: `Bearer ${env.USER_TOKEN}` } }
  if (verdict === 'approve') { // to let nobody in needs no password
    request.headers['content-type'] = 'application/json'
    request.body = JSON.stringify({ current_password: env.USER_PASSWORD })
  }
  const response = await fetch(`${env.KEYSTONE_URL}/api/v1/users/me/devices/${code}/${verdict}`, request)
  assert.equal(response.status, 204)
}

const config = await openid.discovery(new URL(env.ISSUER), made.client_id, undefined, openid.None(), { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] })
const asked = await openid.initiateDeviceAuthorization(config, { scope: 'read:profile' })
assert.match(asked.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
assert.equal(asked.verification_uri_complete, `${asked.verification_uri}?user_code=${asked.user_code}`)
await decide(asked.user_code, 'approve')
const issued = await openid.pollDeviceAuthorizationGrant(config, asked)
assert.equal(issued.scope, 'read:profile')
assert.ok(issued.refresh_token)

const client = { client_id: made.client_id }
const again = await oauth.processDeviceAuthorizationResponse(as, client, await oauth.deviceAuthorizationRequest(as, client, oauth.None(), {}, insecure))
const poll = async () => oauth.processDeviceCodeResponse(as, client, await oauth.deviceCodeGrantRequest(as, client, oauth.None(), again.device_code, insecure))
await assert.rejects(poll(), { error: 'authorization_pending' })
await assert.rejects(poll(), { error: 'slow_down' })
await decide(again.user_code, 'deny')
await assert.rejects(poll(), { error: 'access_denied' })
done(issued, { access_token: asked.device_code }, { access_token: again.device_code })
