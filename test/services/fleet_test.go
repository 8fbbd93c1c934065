//go:build unix

package services

import "testing"

// TestFleet: servers that are killed come back with what they have promised.
func TestFleet(t *testing.T) {
	primary := NewPostgres(t)
	replica := primary.Replica(t)
	primary.Exec(t, "SET synchronous_commit = on; CREATE TABLE a (b int)")
	primary.Kill(t)
	primary.Start(t)
	primary.Exec(t, "INSERT INTO a VALUES (1)")
	replica.Kill(t)
	replica.Start(t)
	replica.Promote(t)
}
