package users

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

func holding(scopes ...scope.Name) inbound.Caller {
	return inbound.Caller{
		Claims:    token.AccessClaims{Subject: given.ID().String(), SessionID: given.ID().String()},
		Principal: token.Principal{Kind: domain.PartyUser, ID: given.ID().String(), Active: true},
		Scopes:    scope.NewSet(scopes...),
	}
}

// TestEveryPermissionIsNeeded has each method asked by who holds all but the
// one it needs. The service has no ports: whatever it touched would panic.
func TestEveryPermissionIsNeeded(t *testing.T) {
	a, id := &Administration{}, given.ID()
	for needed, asks := range map[scope.Name][]func(context.Context, inbound.Caller) error{
		scope.ReadUsers: {
			func(ctx context.Context, c inbound.Caller) error {
				_, err := a.List(ctx, c, inbound.UserFilter{}, domain.Page{})
				return err
			},
			func(ctx context.Context, c inbound.Caller) error { _, err := a.Get(ctx, c, id); return err },
		},
		scope.WriteUsers: {
			func(ctx context.Context, c inbound.Caller) error {
				_, err := a.Create(ctx, c, inbound.NewUser{})
				return err
			},
			func(ctx context.Context, c inbound.Caller) error {
				_, err := a.Change(ctx, c, id, inbound.UserChange{}, 0)
				return err
			},
			func(ctx context.Context, c inbound.Caller) error {
				_, err := a.SetPassword(ctx, c, id, nil, 0)
				return err
			},
			func(ctx context.Context, c inbound.Caller) error { return a.Unlock(ctx, c, id, 0) },
			func(ctx context.Context, c inbound.Caller) error { return a.Logout(ctx, c, id) },
		},
		scope.DeleteUsers: {func(ctx context.Context, c inbound.Caller) error { return a.Delete(ctx, c, id, 0) }},
		scope.AdminUsers: {
			func(ctx context.Context, c inbound.Caller) error { return a.Assign(ctx, c, id, role.User, 0) },
			func(ctx context.Context, c inbound.Caller) error { return a.Withdraw(ctx, c, id, role.User, 0) },
		},
		scope.ReadSessions: {func(ctx context.Context, c inbound.Caller) error {
			_, err := a.Sessions(ctx, c, id, domain.Page{})
			return err
		}},
		scope.WriteSessions: {func(ctx context.Context, c inbound.Caller) error { return a.EndSessions(ctx, c, id) }},
	} {
		var others []scope.Name
		for _, name := range scope.Builtin() {
			if name != needed && name != scope.Of("admin", needed.Resource()) {
				others = append(others, name)
			}
		}
		for i, ask := range asks {
			err := ask(t.Context(), holding(others...))
			if !domain.HasCode(err, domain.CodeInsufficientScope) || domain.AsError(err).Scope != string(needed) {
				t.Errorf("%s, method %d: got %v", needed, i, err)
			}
		}
	}
}

func TestMachinesHaveNoAccessOfTheirOwn(t *testing.T) {
	o, machine := &OwnAccess{}, inbound.Caller{Claims: token.AccessClaims{Subject: "ksc_x"}, Scopes: scope.Builtin()}
	for name, err := range map[string]error{
		"change":  o.ChangePassword(t.Context(), machine, domain.Secret{}, domain.Secret{}),
		"delete":  o.DeleteAccount(t.Context(), machine, domain.Secret{}, 0),
		"end":     o.EndSession(t.Context(), machine, given.ID()),
		"end all": o.EndOthers(t.Context(), machine),
		"list":    func() error { _, err := o.Sessions(t.Context(), machine, domain.Page{}); return err }(),
	} {
		if !domain.HasCode(err, domain.CodeForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoMayChangeWhom(t *testing.T) {
	everyone, admin := role.BuiltinScopes(role.User), role.BuiltinScopes(role.Admin)
	ruler := holding(scope.Builtin()...)
	ruler.Principal.IsSuperuser = true
	narrowed := holding(admin...)
	narrowed.Principal.IsSuperuser = true
	for name, c := range map[string]struct {
		caller inbound.Caller
		of     token.Principal
		may    bool
	}{
		"a user, by who holds nothing of a profile": {holding(scope.WriteUsers), token.Principal{Scopes: everyone}, true},
		"an administrator, by one":                  {holding(admin...), token.Principal{Scopes: admin}, true},
		"an administrator, by less":                 {holding(scope.AdminUsers), token.Principal{Scopes: admin}, false},
		"what admin of the resource covers":         {holding(scope.AdminUsers), token.Principal{Scopes: scope.NewSet(scope.ReadUsers)}, true},
		"a superuser, by an administrator":          {holding(admin...), token.Principal{IsSuperuser: true, Scopes: scope.Builtin()}, false},
		"a superuser, by every scope":               {holding(scope.Builtin()...), token.Principal{IsSuperuser: true}, false},
		"a superuser, by one":                       {ruler, token.Principal{IsSuperuser: true, Scopes: scope.Builtin()}, true},
		"a superuser, by one with a narrowed token": {narrowed, token.Principal{IsSuperuser: true}, false},
	} {
		if err := c.caller.MayChangeUser(c.of); (err == nil) != c.may || err != nil && !domain.HasCode(err, domain.CodeForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hashes is a history.
type hashes []string

func (h hashes) Recent(_ context.Context, _ domain.ID, limit int) ([]string, error) {
	return h[:min(limit, len(h))], nil
}

type verdict user.Strength

func (v verdict) Judge(context.Context, domain.Secret, []string) (user.Strength, error) {
	return user.Strength(v), nil
}

func TestReplacedPasswords(t *testing.T) {
	u := given.User(func(s *user.Snapshot) { s.PasswordHash = hashOf("the one in force now") })
	former := hashes{hashOf("the one before that"), hashOf("the one before these")}
	for name, c := range map[string]struct {
		password string
		history  int
		verdict  verdict
		code     string
		hashed   int64 // evaluations
	}{
		"fresh":                     {"an altogether new one", 3, verdict{Score: 4}, "", 3},
		"in force":                  {"the one in force now", 3, verdict{Score: 4}, "reused", 1},
		"the last of the history":   {"the one before these", 3, verdict{Score: 4}, "reused", 3},
		"beyond the history":        {"the one before these", 2, verdict{Score: 4}, "", 2},
		"in force, alone forbidden": {"the one in force now", 1, verdict{Score: 4}, "reused", 1},
		"no history":                {"the one in force now", 0, verdict{Score: 4}, "", 0},
		"weak":                      {"an altogether new one", 3, verdict{Score: 1}, "weak", 0},
		"common":                    {"an altogether new one", 3, verdict{Score: 4, Common: true}, "common", 0},
		"short":                     {"short", 3, verdict{Score: 4}, "too_short", 0},
	} {
		policy := lengths
		policy.Passwords.History, policy.Passwords.MinStrength = c.history, 2
		h := &hasher{}
		hash, err := NewPasswords(policy, random{}, h, c.verdict, former).replace(t.Context(), "new_password", domain.NewSecret(c.password), u)
		got := ""
		if err != nil {
			if field := domain.AsError(err).Fields[0]; field.Name == "new_password" {
				got = field.Code
			}
		}
		if got != c.code || (err == nil) != (hash == hashOf(c.password)) || h.verified.Load() != c.hashed {
			t.Errorf("%s: %v after %d evaluations; want %q after %d", name, err, h.verified.Load(), c.code, c.hashed)
		}
	}
}

// known is a principal whom everybody may change; the zero value is nobody.
type known token.Principal

func (k known) User(context.Context, domain.ID) (token.Principal, error) {
	if k.ID == "" {
		return token.Principal{}, domain.NotFound("there is no such user")
	}
	return token.Principal(k), nil
}

func (known) Client(context.Context, string) (token.Principal, error) {
	return token.Principal{}, domain.NotFound("there is no such client")
}

// TestChangesAreJudgedFirst: all that is wrong is told at once, and before
// anything about the account is.
func TestChangesAreJudgedFirst(t *testing.T) {
	u := given.User()
	store := newStore(u)
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		of       known
		email    *string
		password string // empty: none
		want     string
	}{
		"a bad address":                     {known{ID: "u"}, text("none"), "", "email format"},
		"nobody's bad address":              {known{}, text("none"), "", "email format"},
		"a weak password":                   {known{ID: "u"}, nil, "an altogether new one", "password weak"},
		"both":                              {known{ID: "u"}, text("none"), "an altogether new one", "email format, password weak"},
		"nobody's, the password not judged": {known{}, text("none"), "an altogether new one", "email format"},
		"nobody's short password":           {known{}, text("none"), "short", "email format, password too_short"},
	} {
		policy := lengths
		policy.Passwords.MinStrength = 2
		a := &Administration{clock: &clock{now: given.Now}, passwords: NewPasswords(policy, random{}, &hasher{}, verdict{Score: 1}, lenient{}), directory: store, principals: c.of}
		change := inbound.UserChange{Change: user.Change{Email: c.email}}
		if c.password != "" {
			password := domain.NewSecret(c.password)
			change.Password = &password
		}
		_, err := a.Change(t.Context(), holding(scope.WriteUsers), u.ID(), change, 4711)
		wantCode(t, err, domain.CodeInvalidInput)
		var told []string
		for _, field := range domain.AsError(err).Fields {
			told = append(told, field.Name+" "+field.Code)
		}
		if got := strings.Join(told, ", "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestProvingThePassword(t *testing.T) {
	d := newDesk(nil)
	id := d.user.ID()
	prove := func(password string) (Proven, error) {
		return d.ProvePassword(t.Context(), id, domain.NewSecret(password))
	}
	proven, err := prove(right)
	must(t, err)
	must(t, d.store.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
		u, err := proven.Get(ctx, r)
		if err != nil {
			return err
		}
		u.SetPassword(hashOf("another that is right"), u.Party(), given.Now.Add(time.Second))
		return r.Users.Save(ctx, u)
	}))
	err = d.store.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error { _, err := proven.Get(ctx, r); return err })
	wantCode(t, err, domain.CodeWrongPassword) // it was changed since
	_, err = prove(right)
	wantCode(t, err, domain.CodeWrongPassword)
	for range 3 {
		_, err = d.try(t, d.name(), wrong) // one budget with logins
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	_, err = prove("")
	wantCode(t, err, domain.CodeWrongPassword)
	_, err = prove("another that is right")
	wantCode(t, err, domain.CodeAccountLocked)
	if told := domain.AsError(err); told.Kind != domain.KindForbidden || told.RetryAfter != 5*time.Minute {
		t.Errorf("told %+v", told)
	}
	must(t, d.store.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error { return lift(ctx, r, id, given.Now) }))
	_, err = prove("another that is right")
	must(t, err)
	_, err = d.ProvePassword(t.Context(), given.ID(), domain.NewSecret(right))
	wantCode(t, err, domain.CodeNotFound)
}

func TestAdministeredUser(t *testing.T) {
	actor := domain.Party{Kind: domain.PartyUser, ID: "boss"}
	u := given.User(func(s *user.Snapshot) { s.PasswordResetToken, s.EmailVerificationToken = "r", "v" })
	text, no := func(s string) *string { return &s }, false
	must(t, u.Administer(user.Change{Email: text("new@example.com"), IsActive: &no, Profile: user.ProfileChange{Bio: text("b")}}, actor, given.Now))
	if s := u.Snapshot(); s.IsVerified || s.IsActive || s.PasswordResetToken+s.EmailVerificationToken != "" || s.Bio != "b" || s.Version == 1 {
		t.Errorf("became %+v", s)
	}
	if diff := cmp.Diff([]domain.EventType{domain.EventUserUpdated, domain.EventUserUpdated, domain.EventUserDeactivated}, types(u.Drain())); diff != "" {
		t.Error(diff)
	}
	before := u.Snapshot()
	must(t, u.Administer(user.Change{Email: text("new@example.com"), IsActive: &no}, actor, given.Now))
	wantCode(t, u.Administer(user.Change{Email: text("none"), Username: text("a b"), Profile: user.ProfileChange{Bio: text("c")}}, actor, given.Now), domain.CodeInvalidInput)
	if diff := cmp.Diff(before, u.Snapshot()); diff != "" || len(u.Drain()) != 0 {
		t.Errorf("changed by nothing: %s", diff)
	}
}
