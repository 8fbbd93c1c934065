// Package extension is what a team of its own adds to Keystone, from a module
// of its own and without a changed line of Keystone's:
//
//	mailer.go     an adapter in place of another: mails leave as JSON over HTTP
//	directory.go  an adapter around another: people log in by a personnel number too
//	voucher.go    a grant: a door terminal vouches for who stands before it
//	welcome.go    a reaction: a newcomer is announced
//
// Options puts all of it into a server; server/main.go is the program. The
// tests run the published suites on each part, and all of it in one process.
package extension
