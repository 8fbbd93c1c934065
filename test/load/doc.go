// Command load measures Keystone against the barest programs that do the same
// work, on this machine, in one run:
//
//	go run ./test/load              every scenario, as a table, JSON and a picture
//	go run ./test/load -quick       every scenario for a moment: does it work?
//	go run ./test/load -only refresh,login -seconds 10
//
// It builds a release Keystone and starts it with default security on PostgreSQL
// and Redis servers of its own, starts itself again as the ceilings, and lets one
// load generator ask the two in turn:
//
//	fire -> Keystone -> PostgreSQL, Redis
//	     -> ceiling  ->  the same servers
//
// A round of Keystone is followed by a round of its ceiling, several times; the
// medians are compared. Any answer that is not as expected voids the run.
package main
