// Package given makes valid aggregates for tests, each with an id and names of
// its own, so that cases share a store without meeting.
//
//	given.User(func(s *user.Snapshot) { s.IsActive = false })
//
// What comes from a snapshot has recorded no events; what went through a
// domain constructor (Registered, Superuser) has.
package given
