package limits

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// counter admits as many as a limit says, and never forgets.
type counter map[string]int

func (c counter) Reserve(_ context.Context, limit domain.Limit, key string) (outbound.Reservation, error) {
	key = string(limit.Name) + key
	if c[key] >= limit.Count {
		return nil, domain.RateLimited(limit, limit.Window)
	}
	c[key]++
	return counted{c, key}, nil
}

func (counter) Peek(domain.Limit, string) error { return nil }

type counted struct {
	counter
	key string
}

func (c counted) GiveBack(context.Context) error { c.counter[c.key]--; return nil }

type plainMaster struct{ outbound.MasterKey }

func (plainMaster) ID() string { return "mk" }
func (plainMaster) Derive(_, _ string, data []byte) ([32]byte, error) {
	return sha256.Sum256(data), nil
}

// asked notes what came through.
type asked struct {
	inbound.Recovery
	through []string
	mails   []outbound.MailTemplate
	err     error
}

func (a *asked) RequestVerification(_ context.Context, email string) error {
	a.through = append(a.through, email)
	return nil
}

func (a *asked) RequestReset(_ context.Context, email string) error {
	a.through = append(a.through, email)
	return nil
}

func (a *asked) Send(_ context.Context, m outbound.Mail) error {
	a.mails = append(a.mails, m.Template)
	return a.err
}

func guardOf(counts map[domain.LimitName]int) *Guard {
	return NewGuard(func(name domain.LimitName) domain.Limit {
		return domain.Limit{Name: name, Count: counts[name], Window: time.Hour}
	}, counter{}, plainMaster{})
}

func TestMailsAskedForAreLimitedByAddressInSilence(t *testing.T) {
	inner := &asked{}
	limited := guardOf(map[domain.LimitName]int{domain.LimitRecoverIP: 7, domain.LimitRecoverAddress: 3}).Recovery(inner)
	ctx := domain.WithOrigin(t.Context(), domain.Origin{Address: "192.0.2.1"})
	for i := range 6 { // both kinds count together, and so do spellings
		ask, email := limited.RequestReset, "alice@example.com"
		if i%2 == 1 {
			ask, email = limited.RequestVerification, "ALICE@example.com"
		}
		if err := ask(ctx, email); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if len(inner.through) != 3 {
		t.Errorf("%q came through", inner.through)
	}
	if err := limited.RequestReset(ctx, "bob@example.com"); err != nil || len(inner.through) != 4 {
		t.Errorf("another address: %v", err)
	}
	if err := limited.RequestReset(ctx, "carol@example.com"); !domain.HasCode(err, domain.CodeRateLimited) || len(inner.through) != 4 {
		t.Errorf("the eighth from one place: %v", err)
	}
}

func TestMailsThatStrangersCauseAreLimited(t *testing.T) {
	inner := &asked{}
	mailer := guardOf(map[domain.LimitName]int{domain.LimitRecoverAddress: 2}).Mailer(inner)
	send := func(template outbound.MailTemplate) error {
		return mailer.Send(t.Context(), outbound.Mail{Template: template, To: "alice@example.com"})
	}
	inner.err = errors.New("away")
	for range 5 { // what did not leave does not count
		if err := send(outbound.MailAccountExists); !errors.Is(err, inner.err) {
			t.Fatal(err)
		}
	}
	inner.err, inner.mails = nil, nil
	for range 4 {
		if err := send(outbound.MailAccountExists); err != nil {
			t.Fatal(err)
		}
		if err := send(outbound.MailAccountLocked); err != nil {
			t.Fatal(err)
		}
	}
	count := map[outbound.MailTemplate]int{}
	for _, template := range inner.mails {
		count[template]++
	}
	if count[outbound.MailAccountExists] != 2 || count[outbound.MailAccountLocked] != 4 {
		t.Errorf("sent %v", count)
	}
}
