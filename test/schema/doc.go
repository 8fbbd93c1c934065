// Package schema writes docs/database-schema.md from a database as the
// migrations leave it, and fails where the file is another:
//
//	go test ./test/schema -update
package schema
