// Package jwt owns the form of access tokens: RFC 9068 claims in a compact JWS
// (RFC 7515), signed and verified by golang-jwt, and the keys that do it.
//
//	claims --JSON--> header of the key "." payload --sign--> token
//
//	token --> form and size --> header --> key by kid --> alg is the key's
//	      --> signature --> claims
//
// The way back trusts nothing before the signature: it follows RFC 8725 in
// that a key has one algorithm, which the header must name and cannot choose,
// and that keys come from the installation's ring and never from the token.
// JSON is read strictly: a repeated member, a wrong type or trailing data
// refuses the token, so that no two readers see two things in one.
package jwt
