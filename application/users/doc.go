// Package users is what people do with their accounts: register, prove a
// password, look at and change their profile.
//
// Every proof of a password runs through Credentials, so that one budget of
// failures covers them all:
//
//	Gate (per identifier, this process) -> Lockout.Reserve (all instances)
//	  -> hash -> Lockout.Succeed | Lockout.Fail, with the failure columns and events
package users
