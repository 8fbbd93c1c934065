// The access token, verified by its published key (RFC 9068, section 4).
import assert from 'node:assert/strict'
import * as jose from 'jose'

const env = process.env

const keys = jose.createRemoteJWKSet(new URL(env.KEYSTONE_URL + '/.well-known/jwks.json'))
const wanted = { issuer: env.ISSUER, audience: env.ISSUER, typ: 'at+jwt', algorithms: [env.ALGORITHM], requiredClaims: ['jti', 'client_id', 'sid'] }

const { payload, protectedHeader } = await jose.jwtVerify(env.ACCESS_TOKEN, keys, wanted)
assert.equal(payload.sub, env.SUBJECT)
assert.equal(protectedHeader.alg, env.ALGORITHM)

const [header, body, signature] = env.ACCESS_TOKEN.split('.')
const claims = JSON.parse(new TextDecoder().decode(jose.base64url.decode(body)))
const forged = [header, jose.base64url.encode(JSON.stringify({ ...claims, sub: 'root' })), signature].join('.')
await assert.rejects(jose.jwtVerify(forged, keys, wanted), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
await assert.rejects(jose.jwtVerify(env.ACCESS_TOKEN, keys, { ...wanted, audience: 'another' }), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
console.log('[]')
