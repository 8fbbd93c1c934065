package users

import (
	"time"

	"github.com/keystone-auth/keystone/domain/user"
)

// Policy is what the installation says of its accounts.
type Policy struct {
	Passwords user.PasswordPolicy
	Admission user.AdmissionRules
	Lockout   user.LockoutPolicy
	// MaxWaiting bounds how many attempts wait for others of their identifier.
	MaxWaiting int
	// RegistrationClosed refuses new accounts but those made by operators.
	RegistrationClosed bool
}

// Policies gives the policy in force. It is asked anew each time: what can be
// set at run time changes while requests are served.
type Policies interface{ Current() Policy }

// Current makes a policy its own source, one that never changes.
func (p Policy) Current() Policy { return p }

// busyRetry is how long to wait before asking again for a budget that another
// instance has in flight.
const busyRetry = 25 * time.Millisecond

// perIdentifier is how many attempts of one identifier run at once.
func (p Policy) perIdentifier() int {
	if p.Lockout.Attempts > 0 {
		return p.Lockout.Attempts
	}
	return p.MaxWaiting // no lockout, no budget to share
}
