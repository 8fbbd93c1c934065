// RFC 7523, section 2.2: two stock clients prove themselves with keys of every kind.
import assert from 'node:assert/strict'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { discover, done, env, insecure, register } from './setup.mjs'

const as = await discover()
const tokens = []
assert.ok(as.token_endpoint_auth_methods_supported.includes('private_key_jwt'))
for (const alg of ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'Ed25519']) {
  assert.ok(as.token_endpoint_auth_signing_alg_values_supported.includes(alg), alg)
  const { publicKey, privateKey } = await jose.generateKeyPair(alg)
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'one', alg, use: 'sig' }
  const made = await register({
    name: `keys ${alg}`, scopes: ['read:profile'], grant_types: ['client_credentials'], token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] },
  })
  assert.equal(made.client_secret, undefined)
  assert.equal(made.jwks.keys[0].kid, 'one')

  const client = { client_id: made.client_id }
  const proof = oauth.PrivateKeyJwt({ key: privateKey, kid: 'one' })
  const issued = await oauth.processClientCredentialsResponse(
    as, client, await oauth.clientCredentialsGrantRequest(as, client, proof, {}, insecure),
  )
  const introspected = await oauth.processIntrospectionResponse(
    as, client, await oauth.introspectionRequest(as, client, proof, issued.access_token, insecure),
  )
  assert.equal(introspected.active, true)
  assert.equal(introspected.sub, made.client_id)
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, proof, issued.access_token, insecure))

  const config = await openid.discovery(new URL(env.ISSUER), made.client_id, undefined, openid.PrivateKeyJwt({ key: privateKey, kid: 'one' }), {
    algorithm: 'oauth2', execute: [openid.allowInsecureRequests],
  })
  const second = await openid.clientCredentialsGrant(config)
  assert.equal(second.scope, 'read:profile')
  tokens.push(issued, second)
}
done(...tokens)
