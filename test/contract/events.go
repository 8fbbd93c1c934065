package contract

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunEvents holds an implementation to outbound.Events.
func RunEvents(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	event := func(subject string, after time.Duration) domain.Event {
		return domain.Event{
			Type: domain.EventLoginFailed, Outcome: domain.Failed, Reason: "bad_credentials",
			Actor:      domain.Party{Kind: domain.PartyClient, ID: "an-actor", Name: "An Actor"},
			Subject:    domain.Party{Kind: domain.PartyUnknown, ID: subject, Name: "A \"Subject\" ?0"},
			OccurredAt: given.Now.Add(after),
		}
	}
	store := func(t *testing.T, events ...domain.Event) {
		t.Helper()
		s.must(t, func(ctx context.Context, r outbound.Repositories) error { return r.Events.Append(ctx, events...) })
	}
	t.Run("behaviour", func(t *testing.T) {
		t.Run("an event comes back as it was", func(t *testing.T) {
			full := event(given.Name("subject"), 0)
			wantFull(t, full)
			store(t, full)
			same(t, "events", s.events(t, full.Subject.ID), []domain.Event{full})
			bare := domain.Event{Type: domain.EventUserUpdated, Outcome: domain.Succeeded, Actor: domain.System,
				Subject: domain.Party{Kind: domain.PartyUser, ID: given.Name("subject")}, OccurredAt: given.Now}
			store(t, bare)
			same(t, "events", s.events(t, bare.Subject.ID), []domain.Event{bare})
		})
		t.Run("events come newest first, of one unit of work or several", func(t *testing.T) {
			subject := given.Name("subject")
			store(t, event(subject, 1*time.Second), event(subject, 2*time.Second))
			store(t, event(subject, 3*time.Second))
			same(t, "events", s.events(t, subject), []domain.Event{
				event(subject, 3*time.Second), event(subject, 2*time.Second), event(subject, 1*time.Second),
			})
		})
		t.Run("none is no event", func(t *testing.T) { store(t) })
		t.Run("an event without origin is stored all the same", func(t *testing.T) {
			one := event(given.Name("subject"), 0)
			ok(t, s.UnitOfWork.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error { return r.Events.Append(ctx, one) }))
			same(t, "events", s.events(t, one.Subject.ID), []domain.Event{one})
		})
	})
	t.Run("atomicity", func(t *testing.T) {
		t.Run("an undone unit of work leaves no event", func(t *testing.T) {
			one := event(given.Name("subject"), 0)
			err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				if err := r.Events.Append(ctx, one); err != nil {
					return err
				}
				return domain.Invalid(domain.CodeInvalidGrant, "no")
			})
			wantCode(t, err, domain.CodeInvalidGrant)
			same(t, "events", len(s.events(t, one.Subject.ID)), 0)
		})
	})
}

// RunVault holds an implementation to outbound.Vault; open gives a store whose
// vault is empty.
func RunVault(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	proposals := make([][]byte, 20)
	for i := range proposals {
		proposals[i] = append([]byte{0, 0xff, byte(i)}, given.Name("canary")...)
	}
	const name = "canary"
	var kept []byte
	t.Run("no canary to replace is KindNotFound", func(t *testing.T) {
		wantKind(t, s.Vault.Replace(within(t), name, []byte("another")), domain.KindNotFound)
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("20 concurrent first callers: one winner, whose canary all get", func(t *testing.T) {
			got := make([][]byte, len(proposals))
			wantAll(t, race(len(proposals), func(i int) (err error) {
				got[i], err = s.Vault.Keep(within(t), name, slices.Clone(proposals[i]))
				return err
			}))
			kept = slices.Clone(got[0])
			if !slices.ContainsFunc(proposals, func(p []byte) bool { return bytes.Equal(p, kept) }) {
				t.Errorf("%x is none of the proposed", kept)
			}
			for i := range got {
				same(t, fmt.Sprintf("caller %d", i), got[i], kept)
			}
		})
	})
	t.Run("behaviour", func(t *testing.T) {
		t.Run("the stored canary stays, whatever is proposed", func(t *testing.T) {
			for _, proposal := range [][]byte{[]byte("another"), {}, nil} {
				got, err := s.Vault.Keep(within(t), name, proposal)
				ok(t, err)
				same(t, "canary", got, kept)
				spoil(t, "canary", got, 0xff) // not kept
			}
		})
		t.Run("a replaced canary is the one from then on", func(t *testing.T) {
			next := append([]byte{0, 0xff}, given.Name("canary")...)
			ok(t, s.Vault.Replace(within(t), name, slices.Clone(next)))
			got, err := s.Vault.Keep(within(t), name, []byte("another"))
			ok(t, err)
			same(t, "canary", got, next)
		})
		t.Run("names are kept apart", func(t *testing.T) {
			before, err := s.Vault.Keep(within(t), name, nil)
			ok(t, err)
			other, err := s.Vault.Keep(within(t), "other", []byte("of its own"))
			ok(t, err)
			same(t, "other", other, []byte("of its own"))
			ok(t, s.Vault.Replace(within(t), "other", []byte("replaced")))
			again, err := s.Vault.Keep(within(t), name, nil)
			ok(t, err)
			same(t, "canary", again, before)
		})
		t.Run("an ended context is an error", func(t *testing.T) {
			wantStopped(t, "Replace", s.Vault.Replace(ended(t), name, []byte("another")))
			_, err := s.Vault.Keep(ended(t), name, []byte("another"))
			wantStopped(t, "Keep", err)
		})
	})
}
