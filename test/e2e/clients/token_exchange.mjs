// RFC 8693, by the generic grant requests of two stock clients.
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { basic, client, discover, done, env, insecure, login } from './setup.mjs'

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const as = await discover()
assert.ok(as.grant_types_supported.includes(exchange))

const subject = await login(as)
const actor = await oauth.processClientCredentialsResponse(as, client, await oauth.clientCredentialsGrantRequest(as, client, basic, {}, insecure))
const parameters = {
  subject_token: subject.access_token, subject_token_type: accessToken, actor_token: actor.access_token, actor_token_type: accessToken,
  scope: 'read:profile', audience: env.ISSUER,
}
const delegated = await oauth.processGenericTokenEndpointResponse(
  as, client, await oauth.genericTokenEndpointRequest(as, client, basic, exchange, parameters, insecure),
)
assert.equal(delegated.issued_token_type, accessToken)
assert.equal(delegated.refresh_token, undefined)
const state = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, basic, delegated.access_token, insecure))
assert.deepEqual(state.act, { sub: env.CLIENT_ID, client_id: env.CLIENT_ID })
assert.equal(state.sub, subject.user_id)
assert.deepEqual(state.aud, [env.ISSUER])

const config = await openid.discovery(new URL(env.ISSUER), env.CLIENT_ID, env.CLIENT_SECRET, undefined, { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] })
const narrowed = await openid.genericGrantRequest(config, exchange, { subject_token: delegated.access_token, subject_token_type: accessToken })
assert.equal(narrowed.issued_token_type, accessToken)
assert.equal(narrowed.scope, 'read:profile')
done(subject, actor, delegated, narrowed)
