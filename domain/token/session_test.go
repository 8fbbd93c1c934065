package token_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

func TestSessionLife(t *testing.T) {
	s := token.OpenSession(given.ID(), given.ID(), "keystone", given.Origin, now, time.Hour)
	end := now.Add(time.Hour).Truncate(time.Second)
	if !s.Alive(end.Add(-time.Microsecond)) || s.Alive(end) {
		t.Error("it does not live its age, to the whole second")
	}
	if !s.End(token.EndedByLogout, domain.System, now) || s.Alive(now) {
		t.Error("it did not end")
	}
	first := s.Snapshot()
	if s.End(token.EndedByReuse, domain.System, now.Add(time.Minute)) {
		t.Error("it ended twice")
	}
	if diff := cmp.Diff(first, s.Snapshot()); diff != "" {
		t.Error(diff)
	}
	if events := s.Drain(); len(events) != 1 || events[0].Type != domain.EventSessionEnded || events[0].Reason != "logout" {
		t.Errorf("events %v", events)
	}
}

func TestIssuedTokensEndWithTheirSession(t *testing.T) {
	s := token.OpenSession(given.ID(), given.ID(), "keystone", given.Origin, now, time.Hour)
	whole := s.Snapshot().ExpiresAt.Sub(now)
	for ttl, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, time.Hour: whole, 2 * time.Hour: whole} {
		if got := s.Issue(given.ID(), given.Digest(), nil, now, ttl).Snapshot().ExpiresAt.Sub(now); got != want {
			t.Errorf("a token of %v ends after %v, want %v", ttl, got, want)
		}
	}
}

func TestCheckTimes(t *testing.T) {
	claims := token.AccessClaims{NotBefore: now, ExpiresAt: now.Add(time.Minute)}
	cases := []struct {
		name          string
		after, leeway time.Duration
		good          bool
	}{
		{"at its start", 0, 0, true},
		{"just before its start", -time.Microsecond, 0, false},
		{"before its start, within the leeway", -time.Second, time.Second, true},
		{"before its start, beyond the leeway", -time.Second - time.Microsecond, time.Second, false},
		{"just before its end", time.Minute - time.Microsecond, 0, true},
		{"at its end", time.Minute, 0, false},
		{"after its end, within the leeway", time.Minute + time.Second - time.Microsecond, time.Second, true},
		{"after its end, beyond the leeway", time.Minute + time.Second, time.Second, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := claims.CheckTimes(now.Add(c.after), c.leeway)
			if c.good != (err == nil) || err != nil && !domain.HasCode(err, domain.CodeInvalidToken) {
				t.Errorf("got %v", err)
			}
		})
	}
	if (token.AccessClaims{}).CheckTimes(now, 0) == nil {
		t.Error("a token without exp lives")
	}
}

func TestSignalsEndWhatTheyName(t *testing.T) {
	mine := token.AccessClaims{ID: "jti", Subject: "sub", SessionID: "sid", ClientID: "cid"}
	machine := token.AccessClaims{ID: "jti2", Subject: "sub", ClientID: "sub"}
	before := now
	cases := []struct {
		signal token.Signal
		claims token.AccessClaims
		issued time.Time
		want   bool
	}{
		{token.Signal{Kind: token.SignalTokenRevoked, ID: "jti"}, mine, now, true},
		{token.Signal{Kind: token.SignalTokenRevoked, ID: "jti2"}, mine, now, false},
		{token.Signal{Kind: token.SignalTokenRevoked, ID: "sid"}, mine, now, false},
		{token.Signal{Kind: token.SignalSessionEnded, ID: "sid"}, mine, now, true},
		{token.Signal{Kind: token.SignalSessionEnded, ID: "jti"}, mine, now, false},
		{token.Signal{Kind: token.SignalUserRevoked, ID: "sub", Before: before}, mine, before, true},
		{token.Signal{Kind: token.SignalUserRevoked, ID: "sub", Before: before}, mine, before.Add(time.Millisecond), false},
		{token.Signal{Kind: token.SignalUserRevoked, ID: "sub", Before: before}, machine, before, false},
		{token.Signal{Kind: token.SignalClientRevoked, ID: "cid", Before: before}, mine, before, true},
		{token.Signal{Kind: token.SignalClientRevoked, ID: "cid", Before: before}, mine, before.Add(time.Millisecond), false},
		{token.Signal{Kind: token.SignalClientRevoked, ID: "sub", Before: before}, machine, before, true},
		{token.Signal{Kind: token.SignalPrincipalChanged, ID: "sub"}, mine, now, false},
		{token.Signal{Kind: token.SignalRolesChanged}, token.AccessClaims{}, now, false},
		{token.Signal{Kind: token.SignalKeysChanged}, token.AccessClaims{}, now, false},
	}
	for _, c := range cases {
		if got := c.signal.Ends(c.claims, c.issued); got != c.want {
			t.Errorf("%+v ends %+v: %t, want %t", c.signal, c.claims, got, c.want)
		}
	}
	none := token.Signal{Kind: token.SignalSessionEnded}
	if none.Ends(machine, now) {
		t.Error("a signal without id ends tokens without session")
	}
}

func TestKeyLife(t *testing.T) {
	k := token.NewSigningKey("kid", token.ES256, []byte("sealed"), []byte("{}"), now)
	if !k.Trusted(now.Add(1e6 * time.Hour)) {
		t.Error("a key ahead of use is not trusted")
	}
	k.Activate(now)
	k.Retire(now, now.Add(time.Hour))
	if !k.Trusted(now.Add(time.Hour-time.Microsecond)) || k.Trusted(now.Add(time.Hour)) {
		t.Error("a retired key is not trusted exactly until its last token expired")
	}
	var got []domain.EventType
	for _, e := range k.Drain() {
		got = append(got, e.Type)
	}
	if diff := cmp.Diff([]domain.EventType{domain.EventSigningKeyCreated, domain.EventSigningKeyActivated, domain.EventSigningKeyRetired}, got); diff != "" {
		t.Error(diff)
	}
}
