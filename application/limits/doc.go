// Package limits holds callers to the rate limits, as decorators around the use
// cases, so that no use case knows of them and each limit is told once: what it
// counts, under which key, and before what it runs.
//
//	login_ip     failed logins        by address        before the lockout and the hash
//	login_user   logins               by folded name    the same
//	token_ip     bad credentials      by address        before the store is asked
//	login_user   guesses at devices by user           before the store is asked
//	token_client token requests       by client         once the client has proved itself
//	register_ip  registrations        by address        before the hash
//	recover_ip   mails asked for      by address        before the store is asked
//	recover_address  the same         by mail address   the same; beyond it, silence
//	api_user     requests             by principal      once the token was found good
//
// Keys hold no name and no address: those are hashed with a key of the master
// key. An IPv6 address counts by its /64, of which one customer has all.
//
// login_ip is reserved before the password is evaluated and given back after
// a success. token_ip is counted as a failure happens, and what fails beyond the
// limit is answered as limited: secrets and tokens are 256 random bits, so what
// counts is how many answers are given, not how many are worked out, and a
// success costs no round trip.
package limits
