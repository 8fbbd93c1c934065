// Package tokens issues, verifies, introspects and ends tokens, and keeps the
// keys that sign them.
//
//	Issuer ──sign──> access token ──Validator──> Caller
//	                     │                         │ asks
//	                     │                         ├─ cached signature results, and KeyRing whether the key still counts
//	Revoker ─┐           │                         ├─ Registry: is the token, session, user or client ended?
//	Sessions ┼─ Signals in the unit of work        └─ Principals: who is it now?
//	...      ┘      │ after the commit
//	                └──> Feed (push by the bus, tail of the store) ──> Registry, caches, KeyRing of every instance
//
// A warm validation touches neither the store nor the network.
package tokens
