package token_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

var now = given.Now

// chain is a session's chain as its owner sees it: which links were exchanged,
// and when.
type chain struct {
	session *token.Session
	links   []*token.RefreshToken
	spentAt []time.Time
	now     time.Time
	window  time.Duration
	ttl     time.Duration
	over    bool
}

func (c *chain) last() int { return len(c.links) - 1 }

// end ends the session as storage does: its links are revoked.
func (c *chain) end(reason token.EndReason) {
	c.session.End(reason, domain.System, c.now)
	c.over = true
	for i, link := range c.links {
		s := link.Snapshot()
		s.IsRevoked = true
		c.links[i] = token.RehydrateRefresh(s)
	}
}

func (c *chain) present(t *rapid.T) {
	i := rapid.IntRange(max(0, c.last()-3), c.last()).Draw(t, "link")
	link := c.links[i]
	expired := !c.now.Before(link.Snapshot().ExpiresAt)
	dead := c.over || !c.now.Before(c.session.Snapshot().ExpiresAt)
	next, err := link.Spend(c.session, token.Successor{ID: given.ID(), Digest: given.Digest(), Key: "mk"}, c.now, c.ttl)
	if err == nil {
		if i != c.last() || dead || expired {
			t.Fatalf("link %d of %d was exchanged; session dead %t, link expired %t", i, c.last(), dead, expired)
		}
		c.links, c.spentAt = append(c.links, next), append(c.spentAt, c.now)
		return
	}
	if !domain.HasCode(err, domain.CodeNotSpendable) {
		t.Fatal(err)
	}
	var successor *token.RefreshToken
	if i < c.last() {
		successor = c.links[i+1]
	}
	want := token.Stolen
	switch {
	case dead, i == c.last():
		want = token.Dead
	case i == c.last()-1 && c.now.Sub(c.spentAt[i]) < c.window && expired:
		want = token.Dead // late, and no thief
	case i == c.last()-1 && c.now.Sub(c.spentAt[i]) < c.window:
		want = token.Retry
	}
	got := link.Judge(c.session, successor, c.now, c.window)
	if got != want {
		t.Fatalf("verdict %d on link %d of %d, want %d", got, i, c.last(), want)
	}
	if got == token.Stolen {
		c.end(token.EndedByReuse)
	}
}

func TestChainsNeverFork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scopes := scope.NewSet(scope.ReadProfile)
		c := &chain{
			now: now, window: time.Duration(rapid.IntRange(0, 15).Draw(t, "window")) * time.Second,
			ttl:     time.Duration(rapid.IntRange(1, 120).Draw(t, "ttl")) * time.Second,
			session: token.OpenSession(given.ID(), given.ID(), "keystone", given.Origin, now, 3*time.Minute),
		}
		c.links = []*token.RefreshToken{c.session.Issue(given.ID(), given.Digest(), scopes, c.now, c.ttl)}
		t.Repeat(map[string]func(*rapid.T){
			"present":       c.present,
			"present again": c.present,
			"wait": func(t *rapid.T) {
				c.now = c.now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			},
			"log out": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "rarely") == 0 {
					c.end(token.EndedByLogout)
				}
			},
			"": func(t *rapid.T) {
				spendable := 0
				for i, link := range c.links {
					s := link.Snapshot()
					if link.Spendable(c.session, c.now) {
						spendable++
					}
					if s.IsUsed == (i == c.last()) {
						t.Fatalf("link %d of %d used: %t", i, c.last(), s.IsUsed)
					}
					if s.ExpiresAt.After(c.session.Snapshot().ExpiresAt) || s.SessionID != c.session.ID() || !cmp.Equal(s.Scope, scopes) {
						t.Fatalf("link %d left its session: %+v", i, s)
					}
				}
				if spendable > 1 || spendable > 0 && c.over {
					t.Fatalf("%d links are spendable, session over: %t", spendable, c.over)
				}
			},
		})
	})
}

// TestJudge names the edges of a verdict.
func TestJudge(t *testing.T) {
	const window = 10 * time.Second
	used := func(r *token.RefreshSnapshot) { r.IsUsed, r.UsedAt, r.SuccessorKey = true, now, "mk" }
	alive := given.Session(given.User())
	over := given.Session(given.User(), func(s *token.SessionSnapshot) { s.EndedAt = now })
	fresh := given.Refresh(alive)
	cases := []struct {
		name      string
		link      *token.RefreshToken
		session   *token.Session
		successor *token.RefreshToken
		after     time.Duration
		window    time.Duration
		want      token.Verdict
	}{
		{"at once", given.Refresh(alive, used), alive, fresh, 0, window, token.Retry},
		{"in the window's last microsecond", given.Refresh(alive, used), alive, fresh, window - time.Microsecond, window, token.Retry},
		{"as the window closes", given.Refresh(alive, used), alive, fresh, window, window, token.Stolen},
		{"at once, without a window", given.Refresh(alive, used), alive, fresh, 0, 0, token.Stolen},
		{"before it was used by another clock, without a window", given.Refresh(alive, used), alive, fresh, -time.Second, 0, token.Stolen},
		{"successor used", given.Refresh(alive, used), alive, given.Refresh(alive, used), 0, window, token.Stolen},
		{"successor revoked", given.Refresh(alive, used), alive, given.Refresh(alive, func(r *token.RefreshSnapshot) { r.IsRevoked = true }), 0, window, token.Stolen},
		{"no successor", given.Refresh(alive, used), alive, nil, 0, window, token.Stolen},
		{"expired and used, a retry too late", given.Refresh(alive, used, func(r *token.RefreshSnapshot) { r.ExpiresAt = now }), alive, fresh, 0, window, token.Dead},
		{"expired and used, after the window", given.Refresh(alive, used, func(r *token.RefreshSnapshot) { r.ExpiresAt = now }), alive, fresh, window, window, token.Stolen},
		{"expired, unused", given.Refresh(alive, func(r *token.RefreshSnapshot) { r.ExpiresAt = now }), alive, nil, 0, window, token.Dead},
		{"revoked", given.Refresh(alive, used, func(r *token.RefreshSnapshot) { r.IsRevoked = true }), alive, fresh, 0, window, token.Dead},
		{"session ended", given.Refresh(over, used), over, fresh, 0, window, token.Dead},
		{"session too old", given.Refresh(alive, used), alive, fresh, 90 * 24 * time.Hour, window, token.Dead},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.link.Judge(c.session, c.successor, now.Add(c.after), c.window); got != c.want {
				t.Errorf("verdict %d, want %d", got, c.want)
			}
		})
	}
}

func TestRefusedSpendChangesNothing(t *testing.T) {
	session := given.Session(given.User())
	link := given.Refresh(session, func(r *token.RefreshSnapshot) { r.IsRevoked = true })
	before := link.Snapshot()
	if _, err := link.Spend(session, given.Successor(), now, time.Hour); !domain.HasCode(err, domain.CodeNotSpendable) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, link.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

func TestReuseEventTellsNoToken(t *testing.T) {
	session := given.Session(given.User())
	link := given.Refresh(session)
	e := link.ReuseDetected(now)
	want := domain.Event{
		Type: domain.EventTokenReused, Outcome: domain.Failed, Reason: "refresh_token_reuse",
		Actor:      domain.Party{Kind: domain.PartyClient, ID: session.ClientID()},
		Subject:    domain.Party{Kind: domain.PartyUser, ID: fmt.Sprint(session.UserID())},
		OccurredAt: now,
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}
