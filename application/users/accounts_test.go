package users

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// lengths is a policy of lengths alone.
var lengths = Policy{Passwords: user.PasswordPolicy{MinLength: 15, MaxLength: 256}}

func newAccounts(store *store, change ...func(*Policy)) (*Accounts, *hasher) {
	policy := Policy{Passwords: user.PasswordPolicy{MinLength: 15, MaxLength: 256}}
	for _, c := range change {
		c(&policy)
	}
	h := &hasher{}
	return NewAccounts(policy, &clock{now: given.Now}, random{}, names, NewPasswords(policy, random{}, h, lenient{}, lenient{}), store, newProfiles(store), store), h
}

func registration(username, email string) inbound.Registration {
	return inbound.Registration{Registration: user.Registration{Username: username, Email: email}, Password: domain.NewSecret(right)}
}

func TestRegister(t *testing.T) {
	store := newStore()
	store.reruns = 2
	accounts, _ := newAccounts(store)
	must(t, accounts.Register(t.Context(), registration("Ada", "ada@example.com")))
	if len(store.users) != 1 {
		t.Fatalf("%d users", len(store.users))
	}
	for _, s := range store.users {
		if s.Username != "Ada" || s.PasswordHash != hashOf(right) || s.IsVerified || s.IsSuperuser || !s.IsActive {
			t.Errorf("stored %+v", s)
		}
	}
	if diff := cmp.Diff([]domain.EventType{domain.EventUserRegistered}, types(store.events)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestRegisterCollision(t *testing.T) {
	owner := given.User(func(s *user.Snapshot) { s.Username, s.Email = "owner", "Owner@example.com" })
	store := newStore(owner)
	store.reruns = 2
	accounts, h := newAccounts(store)
	// A taken address succeeds alike, and its owner is the event's subject.
	must(t, accounts.Register(t.Context(), registration("Guest", "owner@EXAMPLE.com")))
	if len(store.users) != 1 || len(store.pending) != 1 {
		t.Fatalf("%d users, %d pending", len(store.users), len(store.pending))
	}
	p := store.pending[0]
	if p.Username != "Guest" || p.PasswordHash != hashOf(right) || !p.ExpiresAt.Equal(given.Now.Add(24*time.Hour)) {
		t.Errorf("pending %+v", p)
	}
	if len(store.events) != 1 || store.events[0].Type != domain.EventRegistrationCollided || store.events[0].Subject.ID != owner.ID().String() {
		t.Errorf("events %+v", store.events)
	}
	if h.hashed.Load() != 1 {
		t.Errorf("hashed %d times, a plain registration does once", h.hashed.Load())
	}
	// The name is taken from now on, for either kind of address.
	for _, email := range []string{"owner@example.com", "new@example.com"} {
		wantCode(t, accounts.Register(t.Context(), registration("guest", email)), domain.CodeUsernameTaken)
	}
	// Both taken: the name is what is told.
	wantCode(t, accounts.Register(t.Context(), registration("OWNER", "owner@example.com")), domain.CodeUsernameTaken)
	if len(store.pending) != 1 || len(store.events) != 1 {
		t.Error("a refused registration left something")
	}
}

// movedStore frees the address between the two looks at it.
type movedStore struct{ *store }

func (movedStore) ByLogin(context.Context, string, bool) (*user.User, error) {
	return nil, domain.NotFound("no such user")
}

func TestRegisterAddressFreedMeanwhile(t *testing.T) {
	store := newStore(given.User(func(s *user.Snapshot) { s.Email = "ada@example.com" }))
	accounts := NewAccounts(lengths, &clock{now: given.Now}, random{}, names, NewPasswords(lengths, random{}, &hasher{}, lenient{}, lenient{}), movedStore{store}, newProfiles(store), store)
	wantCode(t, accounts.Register(t.Context(), registration("ada", "ada@example.com")), domain.CodeUnavailable)
}

func TestRegisterRefusals(t *testing.T) {
	store := newStore()
	accounts, h := newAccounts(store)
	bad := registration("a b", "not an address")
	bad.Password = domain.NewSecret("short")
	err := accounts.Register(t.Context(), bad)
	wantCode(t, err, domain.CodeInvalidInput)
	var names []string
	for _, f := range domain.AsError(err).Fields {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"username", "email", "password"}, names); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if h.hashed.Load() != 0 {
		t.Error("hashed a password that was refused")
	}
	closed, h := newAccounts(store, func(p *Policy) { p.RegistrationClosed = true })
	wantCode(t, closed.Register(t.Context(), registration("ada", "ada@example.com")), domain.CodeClosed)
	if h.hashed.Load() != 0 {
		t.Error("hashed although registration is closed")
	}
	wantCode(t, closed.Register(t.Context(), bad), domain.CodeInvalidInput)
	must(t, closed.Create(t.Context(), registration("ada", "ada@example.com"))) // operators may
	store.fail = unavailable()
	wantCode(t, accounts.Register(t.Context(), registration("bob", "bob@example.com")), domain.CodeUnavailable)
	accounts, h = newAccounts(newStore())
	h.failHash = busy()
	wantCode(t, accounts.Register(t.Context(), registration("bob", "bob@example.com")), domain.CodeBusy)
}

func caller(id domain.ID, scopes ...scope.Name) inbound.Caller {
	return inbound.Caller{
		Claims:    token.AccessClaims{Subject: id.String(), SessionID: given.ID().String()},
		Principal: token.Principal{Kind: domain.PartyUser, ID: id.String()}, Scopes: scope.NewSet(scopes...),
	}
}

func TestMe(t *testing.T) {
	owner := given.User()
	store := newStore(owner)
	accounts, _ := newAccounts(store)
	account, err := accounts.Me(t.Context(), caller(owner.ID(), scope.ReadProfile))
	must(t, err)
	if account.User.ID != owner.ID() || !account.Scopes.Has(scope.ReadProfile) {
		t.Errorf("got %+v", account)
	}
	_, err = accounts.Me(t.Context(), caller(owner.ID(), scope.ReadUsers))
	wantCode(t, err, domain.CodeInsufficientScope)
	_, err = accounts.Me(t.Context(), inbound.Caller{Claims: token.AccessClaims{Subject: "client"}, Scopes: scope.NewSet(scope.ReadProfile)})
	wantCode(t, err, domain.CodeForbidden)
	_, err = accounts.Me(t.Context(), caller(given.ID(), scope.ReadProfile))
	wantCode(t, err, domain.CodeNotFound)
}

func TestChangeProfile(t *testing.T) {
	owner := given.User(func(s *user.Snapshot) { s.Bio, s.Version = "old", 7 })
	store := newStore(owner)
	store.reruns = 2
	accounts, _ := newAccounts(store)
	who := caller(owner.ID(), scope.WriteProfile)
	name, bio, bad := "Ada", "", "a\x00b"

	account, err := accounts.ChangeProfile(t.Context(), who, user.ProfileChange{FirstName: &name, Bio: &bio}, 7)
	must(t, err)
	if s := store.users[owner.ID()]; s.FirstName != "Ada" || s.Bio != "" || s.Version != 8 || account.User.Version != 8 {
		t.Errorf("stored %+v", s)
	}
	for code, change := range map[domain.Code]func() (inbound.Account, error){
		domain.CodeVersion: func() (inbound.Account, error) {
			return accounts.ChangeProfile(t.Context(), who, user.ProfileChange{Bio: &name}, 7)
		},
		domain.CodeInvalidInput: func() (inbound.Account, error) {
			return accounts.ChangeProfile(t.Context(), who, user.ProfileChange{Bio: &bad}, 0)
		},
		domain.CodeInsufficientScope: func() (inbound.Account, error) {
			return accounts.ChangeProfile(t.Context(), caller(owner.ID(), scope.ReadProfile), user.ProfileChange{Bio: &name}, 0)
		},
		domain.CodeNotFound: func() (inbound.Account, error) {
			return accounts.ChangeProfile(t.Context(), caller(given.ID(), scope.WriteProfile), user.ProfileChange{Bio: &name}, 0)
		},
	} {
		account, err := change()
		wantCode(t, err, code)
		if !cmp.Equal(account, inbound.Account{}) {
			t.Errorf("%s: a refusal tells %+v", code, account)
		}
	}
	events := len(store.events)
	account, err = accounts.ChangeProfile(t.Context(), who, user.ProfileChange{FirstName: &name}, 8)
	must(t, err)
	if account.User.Version != 8 || len(store.events) != events {
		t.Error("a change that changes nothing was stored")
	}
}

// meeting hashes once everyone has come to hash.
type meeting struct {
	*hasher
	everyone *sync.WaitGroup
}

func (m meeting) Hash(ctx context.Context, password domain.Secret) (string, error) {
	m.everyone.Done()
	m.everyone.Wait()
	return m.hasher.Hash(ctx, password)
}

func TestEnsureFirstHasOneWinner(t *testing.T) {
	store := newStore(given.User(func(s *user.Snapshot) { s.IsSuperuser, s.IsActive = true, false })) // counts for nothing
	made := make(chan bool, 8)
	everyone := &sync.WaitGroup{}
	everyone.Add(cap(made))
	accounts := NewAccounts(lengths, &clock{now: given.Now}, random{}, names, NewPasswords(lengths, random{}, meeting{&hasher{}, everyone}, lenient{}, lenient{}), store, newProfiles(store), store)
	var wait sync.WaitGroup
	for range cap(made) {
		wait.Go(func() {
			won, err := accounts.EnsureFirst(t.Context(), registration("admin", "admin@localhost"))
			if err != nil {
				t.Error(err)
			}
			made <- won
		})
	}
	wait.Wait()
	close(made)
	winners := 0
	for won := range made {
		if won {
			winners++
		}
	}
	if count, err := (userRows{&store.state}).LockSuperusers(t.Context()); winners != 1 || count != 1 || err != nil {
		t.Errorf("%d winners, %d superusers", winners, count)
	}
	accounts, h := newAccounts(store)
	if won, err := accounts.EnsureFirst(t.Context(), registration("other", "other@localhost")); won || err != nil || h.hashed.Load() != 0 {
		t.Errorf("the usual start: made %v, %v, hashed %d", won, err, h.hashed.Load())
	}
}

func TestEnsureFirstFailures(t *testing.T) {
	store := newStore(given.User(func(s *user.Snapshot) { s.Username = "admin" }))
	accounts, _ := newAccounts(store)
	won, err := accounts.EnsureFirst(t.Context(), registration("admin", "admin@localhost"))
	wantCode(t, err, domain.CodeUsernameTaken)
	store.fail = unavailable()
	_, err = accounts.EnsureFirst(t.Context(), registration("admin", "admin@localhost"))
	wantCode(t, err, domain.CodeUnavailable)
	if won || len(store.users) != 1 {
		t.Error("made although it failed")
	}
}

var _ outbound.UserDirectory = movedStore{}

// strict finds every password weak.
type strict struct{ lenient }

func (strict) Judge(context.Context, domain.Secret, []string) (user.Strength, error) {
	return user.Strength{Common: true}, nil
}

func TestOperatorsDecideHowGoodTheirPasswordsAre(t *testing.T) {
	policy := Policy{Passwords: user.PasswordPolicy{MinLength: 15, MaxLength: 256, MinStrength: user.MaxScore, Require: []user.Class{user.ClassUpper}}}
	fresh := func() *Accounts {
		store := newStore()
		return NewAccounts(policy, &clock{now: given.Now}, random{}, names, NewPasswords(policy, random{}, &hasher{}, strict{}, lenient{}), store, newProfiles(store), store)
	}
	r := registration("admin", "admin@localhost")
	r.Password = domain.NewSecret("keystone-admin-1")
	wantCode(t, fresh().Register(t.Context(), r), domain.CodeInvalidInput)
	must(t, fresh().Create(t.Context(), r))
	if made, err := fresh().EnsureFirst(t.Context(), r); !made || err != nil {
		t.Errorf("the first superuser: made %v, %v", made, err)
	}
	for _, bad := range []string{"fourteen-chars", "fifteen-chars-\x00", "fifteen-chars-\xff"} {
		r.Password = domain.NewSecret(bad)
		wantCode(t, fresh().Create(t.Context(), r), domain.CodeInvalidInput)
		_, err := fresh().EnsureFirst(t.Context(), r)
		wantCode(t, err, domain.CodeInvalidInput)
	}
}
