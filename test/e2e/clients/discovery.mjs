// RFC 8414: the metadata as a client processes it, and its issuer check.
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { client, discover, done, env, insecure } from './setup.mjs'

const as = await discover()
for (const endpoint of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'jwks_uri']) {
  assert.ok(as[endpoint].startsWith(env.ISSUER + '/'), endpoint)
}
for (const grant of ['password', 'client_credentials', 'refresh_token']) {
  assert.ok(as.grant_types_supported.includes(grant), grant)
}
assert.deepEqual(as.response_types_supported, [])
assert.ok(as.token_endpoint_auth_methods_supported.includes('client_secret_basic'))

const response = await oauth.discoveryRequest(new URL(env.ISSUER), { algorithm: 'oauth2', ...insecure })
await assert.rejects(
  oauth.processDiscoveryResponse(new URL('https://other.example'), response),
  { code: oauth.JSON_ATTRIBUTE_COMPARISON },
)
assert.ok(client.client_id)
done()
