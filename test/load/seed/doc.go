// Package seed fills a migrated PostgreSQL with users, sessions and chains of
// refresh tokens, by COPY, faster than any API could: a million users with ten
// tokens each in some minutes.
//
// What it makes is found again by number: user N logs in as Username(N) with
// ceiling.Password, and the last token of its chain is Token(N).
package seed
