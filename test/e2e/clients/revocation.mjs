// RFC 7009: what was revoked is inactive, and unknown tokens are no error.
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { asGuard, basic, client, discover, done, guard, insecure, login } from './setup.mjs'

const as = await discover()

async function revoke(token, additionalParameters = {}) {
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, basic, token, { additionalParameters, ...insecure }))
}

async function active(token) {
  const response = await oauth.introspectionRequest(as, guard, asGuard, token, insecure)
  return (await oauth.processIntrospectionResponse(as, guard, response)).active
}

const tokens = await login(as)
await revoke(tokens.access_token, { token_type_hint: 'refresh_token' })
assert.equal(await active(tokens.access_token), false)
assert.equal(await active(tokens.refresh_token), true)
await revoke(tokens.access_token)

const others = await login(as)
await revoke(others.refresh_token)
assert.equal(await active(others.access_token), false)
assert.equal(await active(others.refresh_token), false)
await revoke('no-token-at-all')
done(tokens, others)
