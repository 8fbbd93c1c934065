// What every script needs: the server as discovered, and the client.
import * as oauth from 'oauth4webapi'

export const env = process.env

// The test's server speaks http on loopback.
export const insecure = { [oauth.allowInsecureRequests]: true }

export async function discover() {
  const issuer = new URL(env.ISSUER)
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  return oauth.processDiscoveryResponse(issuer, response)
}

export const client = { client_id: env.CLIENT_ID }
export const guard = { client_id: env.GUARD_ID }
export const basic = oauth.ClientSecretBasic(env.CLIENT_SECRET ?? 'unused')
export const post = oauth.ClientSecretPost(env.CLIENT_SECRET ?? 'unused')
export const asGuard = oauth.ClientSecretBasic(env.GUARD_SECRET ?? 'unused')

export async function login(as, parameters = {}) {
  const response = await oauth.genericTokenEndpointRequest(
    as, client, basic, 'password', { username: env.ACCOUNT, password: env.PASSWORD, ...parameters }, insecure,
  )
  return oauth.processGenericTokenEndpointResponse(as, client, response)
}

// done tells the test which secrets there were.
export function done(...tokens) {
  const secrets = tokens.flatMap((t) => [t.access_token, t.refresh_token]).filter(Boolean)
  console.log(JSON.stringify(secrets))
}

// register makes a client on behalf of the administrator.
export async function register(draft) {
  const response = await fetch(env.KEYSTONE_URL + '/api/v1/clients', {
    method: 'POST', headers: { authorization: `Bearer ${env.ADMIN_TOKEN}`, 'content-type': 'application/json' }, body: JSON.stringify(draft),
  })
  const made = await response.json()
  if (response.status !== 201) throw new Error(`${response.status} ${JSON.stringify(made)}`)
  return made
}
