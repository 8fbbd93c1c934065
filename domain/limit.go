package domain

import "time"

// LimitName names a rate limit; it is what operators set and metrics show.
type LimitName string

// The limits. What each counts, and under which key, is told where it is
// enforced; those that count failures only say so here.
const (
	LimitLoginIP        LimitName = "login_ip"        // failed logins of an address
	LimitLoginUser      LimitName = "login_user"      // logins under one name, whoever tries
	LimitRegisterIP     LimitName = "register_ip"     // registrations from an address
	LimitRecoverIP      LimitName = "recover_ip"      // mails of verification and recovery asked for from an address
	LimitRecoverAddress LimitName = "recover_address" // the same, sent to one address
	LimitSMSUser        LimitName = "sms_user"        // codes sent for one user
	LimitSMSNumber      LimitName = "sms_number"      // codes sent to one number
	LimitTokenClient    LimitName = "token_client"    // token requests of a client that proved itself
	LimitTokenIP        LimitName = "token_ip"        // failed client authentications and bad tokens of an address
	LimitAPIUser        LimitName = "api_user"        // requests of one principal with a bearer token
)

// LimitNames lists every limit.
func LimitNames() []LimitName {
	return []LimitName{
		LimitLoginIP, LimitLoginUser, LimitRegisterIP, LimitRecoverIP, LimitRecoverAddress,
		LimitSMSUser, LimitSMSNumber, LimitTokenClient, LimitTokenIP, LimitAPIUser,
	}
}

// Limit is how often something may happen within any span of the window's length.
type Limit struct {
	Name   LimitName
	Count  int // zero: without limit
	Window time.Duration
}

// Off tells whether nothing is limited.
func (l Limit) Off() bool { return l.Count <= 0 }

// Limits are the limits in force. One that is missing is off.
type Limits map[LimitName]Limit

// RateLimited refuses what happened too often; it may succeed after the given time.
func RateLimited(reached Limit, retryAfter time.Duration) *Error {
	return &Error{Kind: KindLimited, Code: CodeRateLimited, Message: "too many requests; try again later", Limit: reached, RetryAfter: retryAfter}
}
