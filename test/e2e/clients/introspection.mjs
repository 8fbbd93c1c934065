// RFC 7662: active and inactive, both kinds of token.
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { asGuard, basic, client, discover, done, env, guard, insecure, login } from './setup.mjs'

const as = await discover()

async function introspect(who, authentication, token, additionalParameters = {}) {
  const response = await oauth.introspectionRequest(as, who, authentication, token, { additionalParameters, ...insecure })
  return oauth.processIntrospectionResponse(as, who, response)
}

const tokens = await login(as)
for (const hint of ['access_token', 'refresh_token', 'nonsense']) {
  const state = await introspect(guard, asGuard, tokens.access_token, { token_type_hint: hint })
  assert.equal(state.active, true)
  assert.equal(state.iss, env.ISSUER)
  assert.equal(state.sub, tokens.user_id)
  assert.equal(state.client_id, env.CLIENT_ID)
  assert.equal(state.token_type, 'Bearer')
  assert.equal(state.username, env.ACCOUNT)
  assert.equal(state.exp - state.iat, tokens.expires_in)
}
const refresh = await introspect(client, basic, tokens.refresh_token)
assert.equal(refresh.active, true)
assert.equal(refresh.token_type, undefined)
assert.deepEqual(await introspect(guard, asGuard, 'no-token-at-all'), { active: false })
done(tokens)
