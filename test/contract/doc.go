// Package contract is the suites that hold an implementation of an outbound
// port to every sentence of its comment. Whoever writes an adapter calls the
// suite from a test of their own:
//
//	func TestStore(t *testing.T) {
//		contract.RunStore(t, func(t *testing.T) contract.Store { return openMine(t) })
//	}
//
// Each suite is split into behaviour, atomicity and contention where that
// applies, and a case under contention names its number of winners. There is
// no list of cases to leave out and no option that switches one off: an adapter
// keeps the contract or it does not.
//
// The suites make their own names and ids, so a store may be shared with other
// data, but not while the suite runs: it must be migrated, hold the built-in
// scopes, roles and first-party client, and tell the real time. Every unit of
// work must get by with a pool of two connections.
package contract
