// Package migrations owns the structure of the store: numbered steps, forward
// and back, once for each dialect, with the rows every installation starts
// with. A step only ever adds to what an older program reads and writes
// (expand, then contract in a later release), so that both run side by side
// while a new one rolls out.
package migrations

import "embed"

// Postgres holds the steps for PostgreSQL, in the folder postgres.
//
//go:embed postgres/*.sql
var Postgres embed.FS

// SQLite holds the steps for SQLite, in the folder sqlite.
//
//go:embed sqlite/*.sql
var SQLite embed.FS
