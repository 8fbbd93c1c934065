package users

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// What an address had in flight as it was registered tells nothing of whether
// it was taken, however it ends, and whether one asks before it does.
func TestRegistrationTakesOverWhatIsInFlight(t *testing.T) {
	for name, cancelled := range map[string]bool{"failures": false, "given back": true} {
		for _, impatient := range []bool{false, true} {
			if cancelled && impatient {
				continue // the hasher would fail whoever asks too
			}
			var told [2]domain.Error
			for i, fresh := range []bool{true, false} {
				told[i] = askedInFlight(t, fresh, cancelled, impatient)
			}
			if diff := cmp.Diff(told[0], told[1], cmp.AllowUnexported(domain.Error{})); diff != "" {
				t.Errorf("%s, impatient %t: a taken address (+) is answered otherwise than a fresh one (-):\n%s", name, impatient, diff)
			}
			want := domain.ReasonAccountLocked
			if cancelled {
				want = domain.ReasonEmailUnverified
			}
			if told[0].Reason != want {
				t.Errorf("%s, impatient %t: got %+v, want %s", name, impatient, told[0], want)
			}
		}
	}
}

// askedInFlight gives the answer to the right password of a registration during
// which five guesses at its address were under way; impatient asks before they
// have ended.
func askedInFlight(t *testing.T, fresh, cancelled, impatient bool) domain.Error {
	t.Helper()
	const own = "the password of the registration"
	d := newDesk(func(p *Policy, _ *user.Snapshot) { p.Admission.RequireVerifiedEmail = true })
	address := d.address()
	if fresh {
		address = "fresh@example.com"
	}
	entered, release := make(chan struct{}, 10), make(chan struct{})
	d.hasher.meanwhile = func(password domain.Secret) {
		if password.Reveal() == wrong {
			entered <- struct{}{}
			<-release
		}
	}
	var guesses sync.WaitGroup
	for range 5 {
		guesses.Go(func() { _, _ = d.try(t, address, wrong) })
	}
	for range 5 {
		<-entered
	}
	accounts, _ := newAccounts(d.store, func(p *Policy) { p.Admission.RequireVerifiedEmail = true })
	registered := registration("newcomer", address)
	registered.Password = domain.NewSecret(own)
	must(t, accounts.Register(t.Context(), registered))

	end := sync.OnceFunc(func() {
		if cancelled { // by the second of the two hashes
			d.hasher.mu.Lock()
			d.hasher.fail = busy()
			d.hasher.mu.Unlock()
		}
		close(release)
		guesses.Wait()
		d.hasher.mu.Lock()
		d.hasher.fail = nil
		d.hasher.mu.Unlock()
	})
	d.clock.sleep = func(ctx context.Context) error {
		time.Sleep(time.Millisecond)
		return ctx.Err()
	}
	if impatient { // whoever asks waits, at the gate or for the budget
		time.AfterFunc(20*time.Millisecond, end)
	} else {
		end()
	}
	_, err := d.try(t, "newcomer", own)
	end()
	for key, budget := range d.store.stored().lockouts {
		if key[:5] == "user:" && budget.Pending != 0 {
			t.Errorf("fresh %t, cancelled %t: %d stay in flight", fresh, cancelled, budget.Pending)
		}
	}
	return asTold(err, d.clock.Now())
}
