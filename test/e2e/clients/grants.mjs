// Every grant, read strictly; the access token verified as a resource server does.
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { basic, client, discover, done, env, insecure, login, post } from './setup.mjs'

const as = await discover()
const tokens = []

async function validated(token) {
  const request = new Request('https://api.example/thing', { headers: { authorization: `Bearer ${token}` } })
  return oauth.validateJwtAccessToken(as, request, env.ISSUER, insecure)
}

for (const authentication of [basic, post]) {
  const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, { scope: 'read:profile' }, insecure)
  const result = await oauth.processClientCredentialsResponse(as, client, response)
  assert.equal(result.token_type, 'bearer')
  assert.equal(result.scope, 'read:profile')
  assert.equal(result.refresh_token, undefined)
  const claims = await validated(result.access_token)
  assert.equal(claims.client_id, env.CLIENT_ID)
  assert.equal(claims.sub, env.CLIENT_ID)
  tokens.push(result)
}

const first = await login(as)
const response = await oauth.refreshTokenGrantRequest(as, client, post, first.refresh_token, insecure)
const second = await oauth.processRefreshTokenResponse(as, client, response)
assert.notEqual(second.refresh_token, first.refresh_token)
assert.notEqual(second.access_token, first.access_token)
assert.equal(second.expires_in, first.expires_in)
const claims = await validated(second.access_token)
assert.equal(claims.sub, second.user_id)
assert.equal(claims.username, env.ACCOUNT)
tokens.push(first, second)

const builtin = { client_id: 'keystone' }
const own = await oauth.processGenericTokenEndpointResponse(as, builtin, await oauth.genericTokenEndpointRequest(
  as, builtin, oauth.None(), 'password', { username: env.ACCOUNT, password: env.PASSWORD }, insecure,
))
tokens.push(own, await oauth.processRefreshTokenResponse(
  as, builtin, await oauth.refreshTokenGrantRequest(as, builtin, oauth.None(), own.refresh_token, insecure),
))
done(...tokens)
