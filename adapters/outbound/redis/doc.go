// Package redis owns what instances share at once through Redis: the bus that
// carries signals from one to all. Nothing that must last is kept there: an
// emptied, evicting, failed-over, frozen or absent Redis delays signals, which
// the database has, and loses nothing else.
//
//	Publish ----PUBLISH <prefix>signals--------> every instance's Subscribe --> receive(signals)
//	Subscribe --PUBLISH <prefix>signals:<own>--> the same Subscribe ----------> receive(nil)
//
// A sign of life is a message of the subscriber's own that made the whole way
// round, and recently: a connection that is merely open proves nothing.
package redis
