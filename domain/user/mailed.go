package user

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// Mailed is a token on its way to an address.
type Mailed struct {
	Username Username
	To       Email
	IsChange bool // To is the address the account is to change to
	Token    domain.Secret
	ValidFor time.Duration
}
