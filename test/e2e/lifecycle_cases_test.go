package e2e

import (
	"net/http"
	"strings"
	"testing"
)

func refreshCases(t *testing.T, w *world) []contractCase {
	t.Helper()
	live, spent, over := w.login(t, w.alice), w.login(t, w.alice), w.login(t, w.alice)
	next := w.refresh(t, spent.Refresh)
	w.want(t, http.StatusNoContent, call{path: logoutPath, bearer: over.Access})
	narrow := granted(w.want(t, http.StatusOK, passwordGrant(w.alice, "scope", "read:profile")))
	refused := func(name, refresh string) contractCase {
		return contractCase{name: name, call: refreshGrant(refresh), status: badRequest, error: "invalid_grant"}
	}
	r := live.Refresh
	unknown := "ksr_" + strings.Repeat("A", len(r)-len("ksr_"))
	// A letter and its neighbour differ in one bit.
	flipped := r[:40] + string(r[40]^1) + r[41:]
	return []contractCase{
		{name: "RTK-02 missing", call: call{path: tokenPath, form: form("grant_type", "refresh_token")}, status: badRequest, error: "invalid_request"},
		refused("RTK-02 random", random()+random()), refused("RTK-02 unknown", unknown),
		refused("RTK-21 access token", live.Access), refused("RTK-21 session", sessionOf(t, live)), refused("RTK-21 client secret", w.app.Secret),
		refused("RTK-22 flipped", flipped), refused("RTK-22 cut", r[:len(r)-1]), refused("RTK-22 appended", r+"x"),
		refused("RTK-22 lower case", strings.ToLower(r)), refused("RTK-22 blanks", " "+r+" "), refused("RTK-22 padding", r+"="),
		refused("RTK-16 after logout", over.Refresh),
		{name: "RTK-06 wider", call: refreshGrant(narrow.Refresh, "scope", "read:profile write:profile"), status: badRequest, error: "invalid_scope"},
		{name: "RTK-06 beyond the user", call: refreshGrant(r, "scope", "admin:users"), status: badRequest, error: "invalid_scope"},
		{name: "3.3 narrower", call: refreshGrant(narrow.Refresh, "scope", "read:profile"), status: http.StatusOK},
		{name: "RTK-01, RTK-22, RTK-25 untouched by all of that", call: refreshGrant(r, "resource", "https://rs.example"), status: http.StatusOK, check: func(t *testing.T, a answer) {
			success(t, a)
			after := granted(a)
			old, now := claims(t, live.Access, 1), claims(t, after.Access, 1)
			if after.Refresh == live.Refresh || now["jti"] == old["jti"] || now["sid"] != old["sid"] || text(now["aud"]) != text(old["aud"]) || after.Scope != live.Scope {
				t.Errorf("claims %v, before %v", now, old)
			}
		}},
		{name: "RTK-15 repeated", call: refreshGrant(spent.Refresh), status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.text("refresh_token") != next.Refresh {
				t.Error("another successor than the first time")
			}
		}},
	}
}

func isInactive(t *testing.T, a answer) {
	if strings.TrimSpace(string(a.body)) != `{"active":false}` {
		t.Errorf("%s", a.body)
	}
}

func introspectionCases(t *testing.T, w *world) []contractCase {
	t.Helper()
	apps := w.login(t, w.alice, w.app)
	others := w.clientToken(t, w.other)
	guard := w.clientToken(t, w.guard)
	spent := w.login(t, w.alice)
	w.refresh(t, spent.Refresh)
	ask := func(c call, more ...string) call {
		c.path = introspectPath
		c.form = form(append([]string{"token", apps.Access}, more...)...)
		return c
	}
	active := func(t *testing.T, a answer) {
		payload := claims(t, apps.Access, 1)
		for _, name := range []string{"client_id", "sub", "iss", "aud", "exp", "iat", "jti", "username", "sid", "scope"} {
			if text(a.member(name)) != text(payload[name]) {
				t.Errorf("%s is %v, the token says %v", name, a.member(name), payload[name])
			}
		}
		if a.member("active") != true || a.text("token_type") != "Bearer" {
			t.Errorf("%s", a.body)
		}
	}
	byGuard, ok := call{basic: w.guard}, http.StatusOK
	cases := []contractCase{
		{name: "INT-01 nobody", call: ask(call{}), status: unauthorized, error: "invalid_client", says: []string{basicRealm}},
		{name: "INT-01 public client", call: ask(call{}, "client_id", "keystone"), status: unauthorized, error: "invalid_client"},
		{name: "INT-01 wrong secret", call: ask(call{basic: client{w.guard.ID, w.app.Secret}}), status: unauthorized, error: "invalid_client", says: []string{basicRealm}},
		{name: "INT-01 dead bearer", call: ask(call{bearer: "not.a.token"}), status: unauthorized, error: "invalid_token", says: []string{"Bearer", `error="invalid_token"`}},
		{name: "INT-02 user without the right", call: ask(call{bearer: w.session.Access}), status: http.StatusForbidden, error: "insufficient_scope", says: []string{`scope="introspect:tokens"`}},
		{name: "INT-03 user with the right", call: ask(call{bearer: w.admin.Access}), status: ok, check: active},
		{name: "INT-03 client with the right", call: ask(byGuard), status: ok, check: active},
		{name: "INT-03 bearer of a client with the right", call: ask(call{bearer: guard}), status: ok, check: active},
		{name: "INT-03 secret in the body", call: ask(call{}, "client_id", w.guard.ID, "client_secret", w.guard.Secret), status: ok, check: active},
		{name: "INT-03 the client's own", call: ask(call{basic: w.app}), status: ok, check: active},
		{name: "INT-07 another client", call: ask(call{basic: w.other}), status: ok, check: isInactive},
		{name: "INT-07 bearer of another client", call: ask(call{bearer: others}), status: ok, check: isInactive},
		{name: "INT-08 refresh token", call: call{path: introspectPath, basic: w.app, form: form("token", apps.Refresh)}, status: ok, check: func(t *testing.T, a answer) {
			if a.member("active") != true || a.member("token_type") != nil || a.text("sub") != apps.UserID {
				t.Errorf("%s", a.body)
			}
		}},
		{name: "INT-08 refresh token of another", call: call{path: introspectPath, basic: w.other, form: form("token", apps.Refresh)}, status: ok, check: isInactive},
		{name: "INT-08 spent", call: call{path: introspectPath, basic: w.guard, form: form("token", spent.Refresh)}, status: ok, check: isInactive},
		{name: "INT-11 no token", call: call{path: introspectPath, basic: w.guard, form: "token="}, status: badRequest, error: "invalid_request"},
		{name: "INT-11 JSON", call: call{path: introspectPath, basic: w.guard, json: `{"token":"x"}`}, status: http.StatusUnsupportedMediaType, error: "invalid_request"},
		{name: "3.4 two ways to authenticate", call: ask(call{bearer: w.admin.Access}, "client_id", w.guard.ID, "client_secret", w.guard.Secret), status: badRequest, error: "invalid_request"},
	}
	for name, hint := range map[string]string{"right": "access_token", "wrong": "refresh_token", "unknown": "nonsense"} {
		cases = append(cases, contractCase{name: "INT-09 hint " + name, call: ask(byGuard, "token_type_hint", hint), status: ok, check: active})
	}
	for name, raw := range map[string]string{"garbage": "garbage", "unsigned": unsigned(t, apps.Access), "forged": apps.Access[:len(apps.Access)-6] + "AAAAAA", "a secret": w.app.Secret} {
		cases = append(cases, contractCase{name: "INT-05 " + name, call: call{path: introspectPath, basic: w.guard, form: form("token", raw)}, status: ok, check: isInactive})
	}
	return cases
}

// revocationCases run in order; what a case ends is dead in those after it.
func revocationCases(t *testing.T, w *world) []contractCase {
	t.Helper()
	apps, alone, hinted, rotated := w.login(t, w.alice, w.app), w.login(t, w.alice, w.app), w.login(t, w.alice), w.login(t, w.alice)
	successor := w.refresh(t, rotated.Refresh)
	revoke := func(by client, raw string, more ...string) call {
		return call{path: revokePath, basic: by, form: form(append([]string{"token", raw}, more...)...)}
	}
	dead := func(tokens ...string) func(t *testing.T, a answer) {
		return func(t *testing.T, _ answer) {
			for _, raw := range tokens {
				isInactive(t, w.introspected(t, w.guard, raw))
			}
		}
	}
	alive := func(tokens ...string) func(t *testing.T, a answer) {
		return func(t *testing.T, _ answer) {
			for _, raw := range tokens {
				if got := w.introspected(t, w.guard, raw); got.member("active") != true {
					t.Errorf("%s", got.body)
				}
			}
		}
	}
	nobody, ok := client{}, http.StatusOK
	return []contractCase{
		{name: "REV-04 access token of another client", call: revoke(w.other, apps.Access), status: badRequest, error: "invalid_request", check: alive(apps.Access)},
		{name: "REV-04 refresh token of another client", call: revoke(w.other, apps.Refresh), status: badRequest, error: "invalid_request", check: alive(apps.Refresh)},
		{name: "REV-05 no credentials", call: revoke(nobody, apps.Access), status: unauthorized, error: "invalid_client", says: []string{basicRealm}, check: alive(apps.Access)},
		{name: "REV-05 no secret", call: revoke(nobody, apps.Refresh, "client_id", w.app.ID), status: unauthorized, error: "invalid_client", check: alive(apps.Refresh)},
		{name: "REV-05 wrong secret", call: revoke(client{w.app.ID, w.other.Secret}, apps.Refresh), status: unauthorized, error: "invalid_client", says: []string{basicRealm}, check: alive(apps.Refresh)},
		{name: "REV-07 no token", call: call{path: revokePath, basic: w.app, form: "token_type_hint=access_token"}, status: badRequest, error: "invalid_request"},
		{name: "REV-07 callback", call: call{path: revokePath + "?callback=f", basic: w.app, form: form("token", "x")}, status: ok, check: func(t *testing.T, a answer) {
			if len(a.body) > 0 {
				t.Errorf("%q", a.body)
			}
		}},
		{name: "REV-03 unknown", call: revoke(w.app, "garbage"), status: ok},
		{name: "REV-03 unknown, of the right form", call: revoke(w.app, "ksr_"+strings.Repeat("A", 49)), status: ok},
		{name: "REV-08 a kind that can't be", call: revoke(w.app, w.other.Secret), status: ok},
		{name: "REV-02 access token alone", call: revoke(w.app, alone.Access), status: ok, check: func(t *testing.T, a answer) {
			dead(alone.Access)(t, a)
			alive(alone.Refresh)(t, a)
			w.want(t, unauthorized, me(alone.Access))
		}},
		{name: "REV-03 already revoked", call: revoke(w.app, alone.Access), status: ok},
		{name: "REV-01 refresh token, its session", call: revoke(w.app, apps.Refresh), status: ok, check: dead(apps.Access, apps.Refresh)},
		{name: "REV-06 wrong hint", call: revoke(nobody, hinted.Access, "token_type_hint", "refresh_token"), status: ok, check: dead(hinted.Access)},
		{name: "REV-06 unknown hint", call: revoke(nobody, hinted.Refresh, "token_type_hint", "nonsense"), status: ok, check: dead(hinted.Refresh)},
		{name: "REV-10 a rotated token", call: revoke(nobody, rotated.Refresh), status: ok, check: dead(rotated.Access, successor.Access, successor.Refresh)},
	}
}

// TestLogout ends one session, or all (contract, section 3.4).
func TestLogout(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		one, other, third := s.login(t, w.alice), s.login(t, w.alice), s.login(t, w.alice, w.app)
		s.want(t, http.StatusNoContent, call{path: logoutPath, bearer: one.Access})
		s.wantDead(t, w.guard, one)
		s.want(t, http.StatusOK, me(other.Access))
		s.want(t, http.StatusNoContent, call{path: logoutPath, bearer: other.Access, json: `{"all":true}`})
		s.wantDead(t, w.guard, other, w.session)
		isInactive(t, w.introspected(t, w.guard, third.Access))
		isInactive(t, w.introspected(t, w.guard, third.Refresh))
		s.want(t, http.StatusOK, me(s.login(t, w.alice).Access))
		s.want(t, http.StatusOK, me(w.admin.Access))
	})
}
