// Package contract is the suites that hold an implementation of an outbound
// port to every sentence of its comment, and a grant to what the token endpoint
// promises of every grant. Whoever writes an adapter, in this module or in one of
// their own, calls the suite from a test:
//
//	import "github.com/keystone-auth/keystone/test/contract"
//
//	func TestMailer(t *testing.T) {
//		contract.RunMailer(t, func(t *testing.T) contract.Mailer {
//			hop := startHop(t)
//			return contract.Mailer{Mailer: New(hop.URL), Away: New("http://127.0.0.1:1"), Delivered: hop.Delivered}
//		})
//	}
//
// An adapter that wraps a storage port starts from a store that is right:
//
//	func TestDirectory(t *testing.T) {
//		contract.RunUsers(t, func(t *testing.T) contract.Store {
//			s := keystonetest.Store(t)
//			s.Users = Wrap(s.Users)
//			return s
//		})
//	}
//
// A whole store of one's own is RunStore; a grant is RunGrant, at the token
// endpoint of keystonetest. test/extension does all of this in a module apart.
//
// Each suite is split into behaviour, atomicity and contention where that
// applies, and a case under contention names its number of winners. There is
// no list of cases to leave out and no option that switches one off: an adapter
// keeps the contract or it does not. The suites are themselves tested, by
// adapters that are wrong in one way each.
//
// The suites make their own names and ids, so a store may be shared with other
// data, but not while the suite runs: it must be migrated, hold the built-in
// scopes, roles and first-party client, and tell the real time. Every unit of
// work must get by with a pool of two connections.
package contract
