// Package masterkey owns the installation's master key: it seals what must be
// read back (private signing keys), and derives what must be found again
// (refresh successors, keyed hashes).
//
//	master key --HKDF-Extract--> PRK --HKDF-Expand("id")-----------> key id
//	                              |---HKDF-Expand("seal", purpose)-> AES-256-GCM key
//	                              `---HKDF-Expand("derive", purpose)> HMAC-SHA-256 key
//
// The master key itself never encrypts or authenticates anything, so nothing
// made for one purpose means anything for another (RFC 5869, section 3.2).
// A previous key can be named while a change is under way: new things are
// sealed with the current one, old ones still open.
package masterkey
