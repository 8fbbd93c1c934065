// RFC 7523, section 2.1: a stock client sends what a stock library signed.
import assert from 'node:assert/strict'
import * as jose from 'jose'
import * as openid from 'openid-client'
import { done, env, register } from './setup.mjs'

const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
const made = await register({
  name: 'stock', scopes: ['read:profile', 'impersonate:users'], grant_types: [grant], token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'k' }] },
})
const config = await openid.discovery(new URL(env.ISSUER), made.client_id, undefined, openid.PrivateKeyJwt({ key: privateKey, kid: 'k' }), {
  algorithm: 'oauth2', execute: [openid.allowInsecureRequests],
})
const sign = (sub) => new jose.SignJWT().setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'JWT' })
  .setIssuer(made.client_id).setSubject(sub).setAudience(env.ISSUER).setIssuedAt().setExpirationTime('1m').setJti(crypto.randomUUID()).sign(privateKey)

const tokens = []
for (const sub of [made.client_id, env.USER_ID]) {
  const issued = await openid.genericGrantRequest(config, grant, { assertion: await sign(sub) })
  const state = await openid.tokenIntrospection(config, issued.access_token)
  assert.equal(state.sub, sub)
  assert.deepEqual(state.act, sub === env.USER_ID ? { sub: made.client_id, client_id: made.client_id } : undefined)
  assert.equal(issued.refresh_token, undefined)
  tokens.push(issued)
}
const once = await sign(env.USER_ID)
tokens.push(await openid.genericGrantRequest(config, grant, { assertion: once }))
await assert.rejects(openid.genericGrantRequest(config, grant, { assertion: once }), { error: 'invalid_grant' })
done(...tokens)
