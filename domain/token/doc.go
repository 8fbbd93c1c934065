// Package token owns sessions, their chains of refresh tokens, the claims of
// access tokens, the keys that sign them, and the signals that end them early.
package token
