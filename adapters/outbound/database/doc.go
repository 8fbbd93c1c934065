// Package database keeps everything that must not be lost, in PostgreSQL or
// in an embedded SQLite file. It owns the rows, the statements and the
// transactions; what a row means is the domain's business.
//
//	UnitOfWork.Do ── transaction ── users, clients, roles, … (Bun; `?`)
//	                     │ events and signals are kept back …
//	                     └ … and stored right before COMMIT
//	directories, principals, Spend ── `$n` binds with cached plans
//
// Both dialects run the same repositories. Where they differ is in dialect.go:
// PostgreSQL locks rows (FOR NO KEY UPDATE, advisory locks) at READ COMMITTED;
// SQLite has a single writing connection whose transactions begin immediate,
// so that every unit of work excludes all others anyway.
//
// Bun writes arguments into the text of its statements. With a cache of
// prepared statements each text would be prepared and kept, so the pool runs
// them unprepared; statements that are hot take `$n` binds and the cache.
package database
