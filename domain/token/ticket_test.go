package token_test

import (
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

func TestTicketAdmits(t *testing.T) {
	const tries = 5
	ticket := func(change ...func(*token.TicketSnapshot)) *token.Ticket {
		change = append([]func(*token.TicketSnapshot){func(s *token.TicketSnapshot) { s.Digest = "right" }}, change...)
		return given.Ticket(change...)
	}
	last := given.Now.Add(10*time.Minute - time.Microsecond)
	for name, tc := range map[string]struct {
		ticket *token.Ticket
		digest string
		at     time.Time
		admits bool
		counts int
	}{
		"right":               {ticket(), "right", last, true, 0},
		"wrong":               {ticket(), "wrong", given.Now, false, 1},
		"too late":            {ticket(), "right", last.Add(time.Microsecond), false, 0},
		"the fifth":           {ticket(func(s *token.TicketSnapshot) { s.Tries = 4 }), "right", given.Now, true, 4},
		"the sixth":           {ticket(func(s *token.TicketSnapshot) { s.Tries = 5 }), "right", given.Now, false, 5},
		"nothing to guess":    {ticket(func(s *token.TicketSnapshot) { s.Digest = "" }), "", given.Now, false, 0},
		"a part of the right": {ticket(), "righ", given.Now, false, 1},
	} {
		if got := tc.ticket.Admit(tc.digest, tries, tc.at); got != tc.admits || tc.ticket.Snapshot().Tries != tc.counts {
			t.Errorf("%s: %t after %d tries, want %t after %d", name, got, tc.ticket.Snapshot().Tries, tc.admits, tc.counts)
		}
	}
}
