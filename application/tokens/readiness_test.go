package tokens

import (
	"testing"

	"github.com/keystone-auth/keystone/domain"
)

func TestReadinessKnowsTheRevocations(t *testing.T) {
	l := newLine(t)
	closed, open := NewRevocationProbe(Policy{}, l.Feed), NewRevocationProbe(Policy{FailOpen: true}, l.Feed)
	if !closed.Essential() || open.Essential() || closed.Name() != "revocations" {
		t.Error("only fail mode closed rests on it")
	}
	if err := closed.Ping(t.Context()); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("before anything was read: %v", err)
	}
	l.start(t, answer{})
	if err := closed.Ping(t.Context()); err != nil {
		t.Errorf("after the first answer: %v", err)
	}
	l.tick(answer{err: unavailable()})
	l.tick(answer{err: unavailable()})
	if err := closed.Ping(t.Context()); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("after a second of silence: %v", err)
	}
}
