package users

import (
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/test/given"
)

// post is MailedTokens over fakes, with one unverified user.
type post struct {
	*MailedTokens
	clock *clock
	store *store
	user  *user.User
}

func newPost(change ...func(*user.Snapshot)) *post {
	change = append([]func(*user.Snapshot){func(s *user.Snapshot) { s.IsVerified = false }}, change...)
	p := &post{clock: &clock{now: given.Now}, user: given.User(change...)}
	p.store = newStore(p.user)
	p.MailedTokens = NewMailedTokens(p.clock, master{}, p.store, p.store)
	return p
}

func (p *post) asked(kind domain.EventType, at time.Time) domain.Occurrence {
	return domain.Occurrence{ID: given.ID(), Event: domain.Event{Type: kind, Subject: p.user.Party(), OccurredAt: at}}
}

// issue makes the token of an event, which has to be due.
func (p *post) issue(t *testing.T, kind mailedKind, o domain.Occurrence) user.Mailed {
	t.Helper()
	mailed, due, err := p.MailedTokens.issue(t.Context(), kind, o)
	if err != nil || !due {
		t.Fatalf("due %t, %v", due, err)
	}
	return mailed
}

func (p *post) row() user.Snapshot { return p.store.stored().users[p.user.ID()] }

func TestMailedTokenIsBoundAndDerived(t *testing.T) {
	p := newPost()
	o := p.asked(domain.EventUserRegistered, given.Now)
	mailed := p.issue(t, verificationToken, o)
	if mailed.To != p.user.Snapshot().Email || mailed.IsChange || mailed.ValidFor != 24*time.Hour || mailed.Username != p.user.Username() {
		t.Errorf("%+v", mailed)
	}
	if !token.WellFormed(token.VerificationPrefix, mailed.Token.Reveal()) {
		t.Errorf("not of the form: %d characters", len(mailed.Token.Reveal()))
	}
	if again := p.issue(t, verificationToken, o); !again.Token.Equal(mailed.Token) {
		t.Error("the second attempt at a mail has another token")
	}
	if row := p.row(); strings.Contains(row.EmailVerificationToken, mailed.Token.Reveal()) || !strings.HasPrefix(row.EmailVerificationToken, "mk.") ||
		!row.EmailVerificationSentAt.Equal(given.Now) || row.PasswordResetToken != "" || row.Version != p.user.Snapshot().Version {
		t.Errorf("stored %+v", row)
	}
	seen := map[string]string{mailed.Token.Reveal(): "the first"}
	for name, next := range map[string]func() user.Mailed{
		"a later event": func() user.Mailed {
			return p.issue(t, verificationToken, p.asked(domain.EventVerificationAsked, given.Now.Add(time.Second)))
		},
		"another kind": func() user.Mailed { return p.issue(t, resetToken, p.asked(domain.EventResetAsked, given.Now)) },
		"another user": func() user.Mailed {
			q := newPost()
			return q.issue(t, verificationToken, q.asked(domain.EventUserRegistered, given.Now))
		},
		"the other address": func() user.Mailed {
			q := newPost(func(s *user.Snapshot) { *s = p.user.Snapshot(); s.PendingEmail = "new@example.com" })
			return q.issue(t, verificationToken, o)
		},
	} {
		made := next().Token.Reveal()
		if other, same := seen[made]; same {
			t.Errorf("%s has the token of %s", name, other)
		}
		seen[made] = name
	}
}

func TestMailedTokenThatIsNotDue(t *testing.T) {
	for name, tc := range map[string]struct {
		post *post
		kind mailedKind
		at   time.Time
	}{
		"verified already":           {newPost(func(s *user.Snapshot) { s.IsVerified = true }), verificationToken, given.Now},
		"disabled":                   {newPost(func(s *user.Snapshot) { s.IsActive = false }), resetToken, given.Now},
		"verification, a day late":   {newPost(), verificationToken, given.Now.Add(-24 * time.Hour)},
		"reset, an hour late":        {newPost(), resetToken, given.Now.Add(-time.Hour)},
		"replaced by a later one":    {newPost(func(s *user.Snapshot) { s.PasswordResetToken, s.PasswordResetSentAt = "mk.later", given.Now.Add(1) }), resetToken, given.Now},
		"used before the mail again": {newPost(func(s *user.Snapshot) { s.PasswordResetSentAt = given.Now }), resetToken, given.Now},
	} {
		before := tc.post.row()
		_, due, err := tc.post.MailedTokens.issue(t.Context(), tc.kind, tc.post.asked(domain.EventResetAsked, tc.at))
		if due || err != nil {
			t.Errorf("%s: due %t, %v", name, due, err)
		}
		if after := tc.post.row(); after.PasswordResetToken != before.PasswordResetToken || after.EmailVerificationToken != before.EmailVerificationToken {
			t.Errorf("%s: something was issued", name)
		}
	}
	p := newPost()
	for _, nobody := range []domain.Party{given.User().Party(), {Kind: domain.PartyUnknown, ID: "name:x"}} {
		o := p.asked(domain.EventResetAsked, given.Now)
		o.Subject = nobody
		if _, due, err := p.Reset(t.Context(), o); due || err != nil {
			t.Errorf("%v: due %t, %v", nobody.Kind, due, err)
		}
	}
	p.store.fail = unavailable()
	if _, _, err := p.Verification(t.Context(), p.asked(domain.EventUserRegistered, given.Now)); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("a store that is away: %v", err)
	}
}

func TestPresentedTokens(t *testing.T) {
	p := newPost()
	verification := p.issue(t, verificationToken, p.asked(domain.EventUserRegistered, given.Now)).Token
	reset := p.issue(t, resetToken, p.asked(domain.EventResetAsked, given.Now)).Token
	for _, kind := range []mailedKind{verificationToken, resetToken} {
		for name, raw := range map[string]domain.Secret{"verification": verification, "reset": reset, "none": {}, "a digest": domain.NewSecret(string(given.Digest()))} {
			u, digest, ok, err := p.presented(t.Context(), kind, raw)
			if want := token.WellFormed(kind.prefix, raw.Reveal()); ok != want || err != nil {
				t.Errorf("%s as %s: %t, %v", name, kind.purpose, ok, err)
			} else if stored, _ := kind.issued(p.row()); ok && (u.ID() != p.user.ID() || digest != stored) {
				t.Errorf("%s as %s: %s, want %s", name, kind.purpose, digest, stored)
			}
		}
	}
	stranger := newPost()
	raw := stranger.issue(t, resetToken, stranger.asked(domain.EventResetAsked, given.Now)).Token
	if _, _, ok, err := p.presented(t.Context(), resetToken, raw); ok || err != nil {
		t.Errorf("a token of nobody here: %t, %v", ok, err)
	}
}
