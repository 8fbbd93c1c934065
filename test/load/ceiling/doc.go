// Package ceiling is the barest programs that do the work of Keystone's
// endpoints, as one server: what a scenario reaches is compared with these.
//
//	/bare/NAME       Echo and an answer of the same size
//	/cached/NAME     and one read of Redis through client-side caching
//	/statement/NAME  and one durable statement of the shape of a refresh
//	/signer/ALG      and one signature
//	/hasher          and one Argon2id hash, two at once
//
// They keep no state, check nothing, limit nothing, log nothing. They stay as
// they are when Keystone changes, so that figures of different days compare.
package ceiling
