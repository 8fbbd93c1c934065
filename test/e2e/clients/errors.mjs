// Refusals, as a client recognises them.
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { basic, client, discover, done, env, insecure, login } from './setup.mjs'

const as = await discover()
const tokens = await login(as)

// refusedBody expects an error of RFC 6749, section 5.2.
async function refusedBody(error, status, pending) {
  await assert.rejects(pending, (e) => {
    assert.equal(e.code, oauth.RESPONSE_BODY_ERROR, String(e.stack))
    assert.equal(e.error, error)
    assert.equal(e.status, status)
    return true
  })
}

async function credentials(authentication, parameters) {
  const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, parameters, insecure)
  return oauth.processClientCredentialsResponse(as, client, response)
}

async function refresh(token, parameters) {
  const response = await oauth.refreshTokenGrantRequest(as, client, basic, token, { additionalParameters: parameters, ...insecure })
  return oauth.processRefreshTokenResponse(as, client, response)
}

await refusedBody('invalid_grant', 400, login(as, { password: 'not the password at all' }))
await refusedBody('invalid_grant', 400, refresh('no-token-at-all'))
await refusedBody('invalid_scope', 400, credentials(basic, { scope: 'admin:system' }))
await refusedBody('invalid_scope', 400, refresh(tokens.refresh_token, { scope: 'admin:users' }))

// challenged expects a 401 that says how to authenticate (RFC 9110, section 11.6.1).
async function challenged(scheme, parameters, pending) {
  await assert.rejects(pending, (e) => {
    assert.equal(e.code, oauth.WWW_AUTHENTICATE_CHALLENGE, String(e.stack))
    assert.equal(e.status, 401)
    assert.deepEqual(e.cause.map((c) => c.scheme), [scheme])
    for (const [name, value] of Object.entries(parameters)) assert.equal(e.cause[0].parameters[name], value)
    return true
  })
}

const wrong = 'kss_' + 'x'.repeat(49)
await challenged('basic', { realm: 'keystone' }, credentials(oauth.ClientSecretBasic(wrong), {}))
await challenged('basic', { realm: 'keystone' }, credentials(oauth.ClientSecretPost(wrong), {}))
await challenged('bearer', { realm: 'keystone', error: 'invalid_token' }, oauth.protectedResourceRequest(
  'no-token-at-all', 'GET', new URL(env.KEYSTONE_URL + '/api/v1/users/me'), new Headers(), null, insecure,
))
const own = await oauth.protectedResourceRequest(
  tokens.access_token, 'GET', new URL(env.KEYSTONE_URL + '/api/v1/users/me'), new Headers(), null, insecure,
)
assert.equal((await own.json()).username, env.ACCOUNT)
done(tokens)
