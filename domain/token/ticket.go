package token

import (
	"crypto/subtle"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// Ticket is state that is used once: a code that was sent, a fact that a mail
// needs. A holder has at most one ticket of a purpose.
type Ticket struct{ s TicketSnapshot }

// TicketSnapshot is the stored form of a Ticket. It never holds a code: Digest
// is a keyed hash of one, as a plain hash of few digits is found by trying.
type TicketSnapshot struct {
	Purpose   string
	Holder    string
	ID        domain.ID // what its code is derived from; a ticket that replaces another has another
	Digest    string    // empty where there is nothing to guess
	Data      string
	Tries     int // wrong codes so far
	ExpiresAt time.Time
}

// NewTicket makes a ticket.
func NewTicket(s TicketSnapshot) *Ticket { return &Ticket{s: s} }

// RehydrateTicket rebuilds a ticket from storage; it checks nothing.
func RehydrateTicket(s TicketSnapshot) *Ticket { return &Ticket{s: s} }

// Snapshot gives the state to store.
func (t *Ticket) Snapshot() TicketSnapshot { return t.s }

// Alive tells whether the ticket has not expired.
func (t *Ticket) Alive(now time.Time) bool { return now.Before(t.s.ExpiresAt) }

// Admit tells whether the code with this keyed hash is the ticket's, and counts
// it where not. Past its time or its tries a ticket admits nothing.
func (t *Ticket) Admit(digest string, tries int, now time.Time) bool {
	if !t.Alive(now) || t.s.Tries >= tries || t.s.Digest == "" {
		return false
	}
	if subtle.ConstantTimeCompare([]byte(t.s.Digest), []byte(digest)) == 1 {
		return true
	}
	t.s.Tries++
	return false
}
