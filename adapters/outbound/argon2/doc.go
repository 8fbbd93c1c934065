// Package argon2 owns the hashing of human passwords: Argon2id (RFC 9106) in
// the PHC string format, behind a gate that bounds what it may cost.
//
//	password --NFC--> gate (memory, queue) --> Argon2id --> $argon2id$v=19$m=…,t=…,p=…$salt$hash
//
// Each hash takes its memory's share of the gate, so that a storm of logins
// neither exhausts the machine nor slows everything else; who finds the queue
// full is turned away at once. A password is checked at the same cost whether
// or not there is a hash to check it against.
//
// Hashes that other systems made (Argon2i, bcrypt, scrypt, PBKDF2) are checked
// behind the same gate, within bounds of their own, and are always outdated: the
// login that proves one replaces it.
package argon2
