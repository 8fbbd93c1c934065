// Package keystonetest gives a test a whole Keystone of its own, in process: the
// real use cases and the real REST API over a loopback socket, on an SQLite that
// nothing outlives, with a clock that the test moves, and mails and SMS that are
// caught instead of sent. A start takes some tens of milliseconds, so every test
// can have one.
//
//	func TestOrders(t *testing.T) {
//		idp := keystonetest.New(t)
//		alice := idp.NewUser(t, keystonetest.Scopes("read:orders"))
//		orders := startOrders(idp.URL)
//		answer := orders.get("/orders", alice.Login(t).Access)
//		…
//		idp.Clock.Advance(16 * time.Minute) // her access token is over
//	}
//
// People and clients are made through the API, by the first superuser. Rate
// limits are off and hashes cheap; Set turns every setting of a configuration
// file, and With hands options of package bootstrap on: an adapter replaced, a
// grant added.
package keystonetest
