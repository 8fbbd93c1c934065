package users

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/test/given"
)

// pendingDesk has a registration that collided with the user's address.
func pendingDesk(required bool) (*desk, user.PendingRegistration) {
	d := newDesk(func(p *Policy, s *user.Snapshot) {
		p.Admission.RequireVerifiedEmail, s.CreatedAt = required, given.Now.Add(-48*time.Hour)
	})
	p := user.PendingRegistration{Username: user.Username(given.Name("guest")), Email: d.user.Snapshot().Email, PasswordHash: hashOf("the password of the pending"), ExpiresAt: given.Now.Add(time.Hour)}
	d.store.pending = append(d.store.pending, p)
	return d, p
}

func TestPendingRegistration(t *testing.T) {
	const own = "the password of the pending"
	for _, required := range []bool{true, false} {
		for _, byAddress := range []bool{true, false} {
			d, p := pendingDesk(required)
			identifier := string(p.Username)
			if byAddress {
				identifier = d.address()
			}
			_, err := d.try(t, identifier, own)
			wantCode(t, err, domain.CodeInvalidGrant)
			want := ""
			if required {
				want = domain.ReasonEmailUnverified
			}
			if got := domain.AsError(err).Reason; got != want {
				t.Errorf("required %v, by address %v: reason %q, want %q", required, byAddress, got, want)
			}
			reason, actor, subject := "bad_credentials", domain.PartyUnknown, domain.PartyUnknown
			switch {
			case required:
				reason, subject = domain.ReasonEmailUnverified, domain.PartyUser
			case byAddress: // a guess at the account that has it
				actor, subject = domain.PartyUser, domain.PartyUser
			}
			if n := len(d.store.events); n != 1 {
				t.Errorf("required %v, by address %v: %d events, want one", required, byAddress, n)
			} else if e := d.store.events[0]; e.Type != domain.EventLoginFailed || e.Outcome != domain.Failed || e.Reason != reason ||
				e.Actor.Kind != actor || e.Subject.Kind != subject {
				t.Errorf("required %v, by address %v: on record is %+v", required, byAddress, e)
			}
			hashes := int64(1)
			if required && byAddress {
				hashes = 2 // the account's and the stand-in's
			}
			if got := d.hasher.verified.Load(); got != hashes {
				t.Errorf("required %v, by address %v: %d hashes, want %d", required, byAddress, got, hashes)
			}
		}
	}
}

// By address two hashes are worked out whoever it is, so time tells nothing.
func TestRequiredVerificationAlwaysCostsTwoHashes(t *testing.T) {
	d, _ := pendingDesk(true)
	for i, password := range []string{right, wrong, "the password of the pending"} {
		_, _ = d.try(t, d.address(), password)
		if got := d.hasher.verified.Load(); got != int64(2*i+2) {
			t.Errorf("%d hashes after %d attempts", got, i+1)
		}
	}
	before := d.hasher.verified.Load()
	_, _ = d.try(t, "nobody@example.com", wrong)
	if got := d.hasher.verified.Load() - before; got != 2 {
		t.Errorf("%d hashes for an address of nobody", got)
	}
	must(t, d.login(t, d.address(), right)) // the owner is not in the way of itself
}

// Whoever registers a victim's address must not buy guesses at the victim's
// password with the password of the registration.
func TestPendingRegistrationBuysNoGuesses(t *testing.T) {
	d, _ := pendingDesk(true)
	for range 3 {
		for range 4 {
			_, err := d.try(t, d.address(), wrong)
			wantCode(t, err, domain.CodeInvalidGrant)
		}
		_, err := d.try(t, d.address(), "the password of the pending")
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	if b := d.budget(); b.LockedUntil.IsZero() {
		t.Errorf("twelve guesses and no lock: %+v", b)
	}
}

// How failures and the right password of a registration add up tells nothing of
// whether its address was taken, by whichever name it is tried.
func TestPendingRegistrationHasTheBudgetOfItsAddress(t *testing.T) {
	type try struct {
		byAddress bool
		password  string
	}
	const own = "the password of the registration"
	for name, sequence := range map[string][]try{
		"one budget":              {{false, wrong}, {true, wrong}, {false, wrong}, {true, wrong}, {false, wrong}, {true, own}, {false, own}},
		"locked by the address":   {{true, wrong}, {true, wrong}, {true, wrong}, {true, wrong}, {true, wrong}, {false, own}},
		"no failures forgotten":   {{false, wrong}, {true, wrong}, {false, own}, {true, own}, {false, wrong}, {true, wrong}, {false, wrong}, {true, own}},
		"the right one is no try": {{false, own}, {true, own}, {false, own}, {true, own}, {false, own}, {true, own}, {false, own}},
	} {
		fresh := newDesk(func(p *Policy, s *user.Snapshot) {
			p.Admission.RequireVerifiedEmail, s.IsVerified, s.PasswordHash = true, false, hashOf(own)
		})
		taken, pending := pendingDesk(true)
		taken.store.pending[0].PasswordHash = hashOf(own)
		names := map[*desk]string{fresh: fresh.name(), taken: string(pending.Username)}
		var told [2][]domain.Error
		var asked [2][]int // of the store: what time could tell
		for i, d := range []*desk{fresh, taken} {
			for _, try := range sequence {
				identifier := names[d]
				if try.byAddress {
					identifier = d.address()
				}
				_, err := d.try(t, identifier, try.password)
				told[i] = append(told[i], asTold(err, d.clock.Now()))
				asked[i] = append(asked[i], d.store.asked, len(d.store.stored().done))
			}
		}
		if diff := cmp.Diff(told[0], told[1], cmp.AllowUnexported(domain.Error{})); diff != "" {
			t.Errorf("%s: a taken address (+) is answered otherwise than a fresh one (-):\n%s", name, diff)
		}
		if !slices.Equal(asked[0], asked[1]) {
			t.Errorf("%s: a fresh address asks the store %d times, a taken one %d", name, asked[0], asked[1])
		}
		if a, b := fresh.budget(), taken.budget(); a.Failures != b.Failures || a.Pending != b.Pending || a.Level != b.Level {
			t.Errorf("%s: budgets %+v and %+v", name, a, b)
		}
	}
}

// Guesses under the name of a registration that collided are guesses at a budget
// of the owner of its address, who is told of the lock.
func TestPendingRegistrationLocksItsOwner(t *testing.T) {
	d, p := pendingDesk(true)
	for range 5 {
		_, err := d.try(t, string(p.Username), wrong)
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	if s := d.store.stored().users[d.user.ID()]; s.FailedLoginAttempts != 5 || s.LockedUntil.IsZero() {
		t.Errorf("%d failures, locked until %v", s.FailedLoginAttempts, s.LockedUntil)
	}
	clear(d.store.users) // the owner left: the budget is that of the address as it is of nobody's
	for range 5 {
		_, err := d.try(t, string(p.Username), wrong)
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	_, err := d.try(t, d.address(), wrong)
	if domain.AsError(err).Reason != domain.ReasonAccountLocked {
		t.Errorf("got %v for the address", err)
	}
}

// A budget that an address had before it was registered tells nothing either.
func TestRegistrationKeepsTheBudgetOfItsAddress(t *testing.T) {
	for _, guesses := range []int{0, 3, 5} {
		var told [2][]domain.Error
		var asked [2][]int
		for i, address := range []string{"fresh@example.com", ""} {
			d := newDesk(func(p *Policy, _ *user.Snapshot) { p.Admission.RequireVerifiedEmail = true })
			if address == "" {
				address = d.address() // which is taken
			}
			try := func(identifier, password string) {
				before, done := d.store.asked, len(d.store.stored().done)
				_, err := d.try(t, identifier, password)
				told[i] = append(told[i], asTold(err, d.clock.Now()))
				asked[i] = append(asked[i], d.store.asked-before, len(d.store.stored().done)-done)
			}
			for range guesses {
				try(address, wrong)
			}
			accounts, _ := newAccounts(d.store, func(p *Policy) { p.Admission.RequireVerifiedEmail = true })
			registered := registration("newcomer", address)
			registered.Password = domain.NewSecret("the password of the registration")
			must(t, accounts.Register(t.Context(), registered))
			for range 2 {
				try("newcomer", "the password of the registration")
				try(address, "the password of the registration")
				try("newcomer", wrong)
				try(address, wrong)
			}
			for _, u := range d.store.stored().users {
				budget := d.store.stored().lockouts[budgetOf(u.ID)]
				if u.FailedLoginAttempts != budget.Failures || !u.LockedUntil.Equal(budget.LockedUntil) {
					t.Errorf("%s shows %d failures and a lock until %v, of the budget %+v", u.Username, u.FailedLoginAttempts, u.LockedUntil, budget)
				}
			}
		}
		if diff := cmp.Diff(told[0], told[1], cmp.AllowUnexported(domain.Error{})); diff != "" {
			t.Errorf("after %d guesses a taken address (+) is answered otherwise than a fresh one (-):\n%s", guesses, diff)
		}
		if !slices.Equal(asked[0], asked[1]) {
			t.Errorf("after %d guesses a fresh address asks the store %d times, a taken one %d", guesses, asked[0], asked[1])
		}
	}
}

// Registering an address again, however often, tells nothing of whether it was
// taken before, by whichever name and password it is tried then.
func TestRegisteringAgainTellsNothing(t *testing.T) {
	const first, second, third = "the password of the first", "the password of the second", "the password of the third"
	for name, owner := range map[string]func(*desk) string{
		"taken":                        (*desk).address,
		"taken by one not verified":    func(d *desk) string { d.change(func(s *user.Snapshot) { s.IsVerified = false }); return d.address() },
		"taken by one who is disabled": func(d *desk) string { d.change(func(s *user.Snapshot) { s.IsActive = false }); return d.address() },
	} {
		var told [2][]domain.Error
		var hashes [2]int64
		for i, address := range []func(*desk) string{func(*desk) string { return "fresh@example.com" }, owner} {
			d := newDesk(func(p *Policy, _ *user.Snapshot) { p.Admission.RequireVerifiedEmail, p.Lockout.Attempts = true, 100 })
			accounts, _ := newAccounts(d.store, func(p *Policy) { p.Admission.RequireVerifiedEmail = true })
			at := address(d)
			for n, password := range []string{first, second, third} {
				r := registration([]string{"one", "two", "three"}[n], at)
				r.Password = domain.NewSecret(password)
				must(t, accounts.Register(t.Context(), r))
				for _, identifier := range []string{at, "one", "two", "three"} {
					for _, guess := range []string{first, second, third, wrong} {
						_, err := d.try(t, identifier, guess)
						told[i] = append(told[i], asTold(err, d.clock.Now()))
					}
				}
			}
			hashes[i] = d.hasher.verified.Load()
		}
		if diff := cmp.Diff(told[0], told[1], cmp.AllowUnexported(domain.Error{})); diff != "" {
			t.Errorf("%s: a taken address (+) is answered otherwise than a fresh one (-):\n%s", name, diff)
		}
		if hashes[0] != hashes[1] {
			t.Errorf("%s: %d hashes for a fresh address, %d for a taken one", name, hashes[0], hashes[1])
		}
	}
}

// A stand-in of somebody else's account says nothing of one that was made later.
func TestAStandInEndsWithTheAccountItCollidedWith(t *testing.T) {
	d, p := pendingDesk(true)
	d.change(func(s *user.Snapshot) { s.IsVerified = false })
	const standIn = "the password of the pending"
	for _, c := range []struct {
		password string
		later    time.Duration // than the stand-in the account was made
		verified bool
		reason   string
	}{
		{right, -time.Hour, false, ""}, {standIn, -time.Hour, false, domain.ReasonEmailUnverified},
		{right, time.Second, false, ""}, {standIn, time.Second, false, domain.ReasonEmailUnverified}, // by another's clock
		{right, time.Hour, false, domain.ReasonEmailUnverified}, {standIn, time.Hour, false, ""},
		{standIn, time.Hour, true, ""}, {standIn, -time.Hour, true, domain.ReasonEmailUnverified},
	} {
		d.change(func(s *user.Snapshot) { s.CreatedAt, s.IsVerified = p.ExpiresAt.Add(c.later-24*time.Hour), c.verified })
		_, err := d.try(t, d.address(), c.password)
		wantCode(t, err, domain.CodeInvalidGrant)
		if got := domain.AsError(err).Reason; got != c.reason {
			t.Errorf("%q, %v later, verified %v: reason %q, want %q", c.password, c.later, c.verified, got, c.reason)
		}
	}
	d.change(func(s *user.Snapshot) { s.IsVerified = true })
	must(t, d.login(t, d.address(), right)) // who has proved the address is not kept out
}
