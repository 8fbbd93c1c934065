package grants

import (
	"fmt"
	"testing"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// A client that may impersonate does so with nobody who holds more than it does.
func TestExchangeForWhoHoldsMore(t *testing.T) {
	root, auditor := userToken("app", scope.ReadProfile), userToken("app", scope.ReadProfile, scope.ReadAudit)
	root.Principal.IsSuperuser = true
	named := userToken("app", scope.ReadProfile)
	named.Principal.IsSuperuser, named.Claims.Audience = true, append(named.Claims.Audience, "gateway")
	for name, tc := range map[string]struct {
		subject inbound.Caller
		acts    int
		good    bool
	}{
		"a superuser":                  {root, 0, false},
		"a user with a scope":          {auditor, 0, false},
		"a client with a scope":        {clientToken("app", scope.ReadAudit), 0, false},
		"a superuser whom it acts for": {named, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExchange(t, scope.AdminUsers, "impersonate:clients", scope.ReadProfile)
			e.good["subject"] = tc.subject
			_, err := e.ask(t)
			if (err == nil) != tc.good || len(e.codec.signed.Actors) != tc.acts || tc.good != (e.codec.signed.ID != "") {
				t.Errorf("%v, signed %+v", err, e.codec.signed)
			}
			if !tc.good {
				wantCode(t, err, domain.CodeInvalidRequest)
				_, unknown := e.ask(t, "subject_token", "nothing good")
				if err.Error() != unknown.Error() {
					t.Errorf("%q for a living token, %q for none", err, unknown)
				}
				if len(e.denied.kept) != 1 || e.denied.kept[0].Caller.Party().ID != "gateway" || e.denied.kept[0].Subject.ID != tc.subject.Principal.ID {
					t.Errorf("kept %+v", e.denied.kept)
				}
			}
		})
	}
}

// What does not fit a token is not recorded as exchanged, and neither is answered
// what ended while it was recorded.
func TestExchangeThatCannotBeAnswered(t *testing.T) {
	var many []scope.Name
	for i := range 400 {
		many = append(many, scope.Name(fmt.Sprintf("read:a-long-name-of-a-resource-%d", i)))
	}
	e := newExchange(t, many...)
	e.good["subject"] = userToken("gateway", many...)
	_, err := e.ask(t)
	wantCode(t, err, domain.CodeInvalidScope)
	if len(e.store.events) != 0 {
		t.Errorf("events %+v", e.store.events)
	}

	proof := Proof{Terms: tokens.Terms{Until: given.Now}}
	answer, err := e.answer(t.Context(), Request{Client: e.gateway}, proof, outcome{subject: userToken("gateway").Principal})
	wantCode(t, err, domain.CodeInvalidRequest)
	if !answer.AccessToken.Empty() || e.codec.signed.ID != "" {
		t.Errorf("signed %+v", e.codec.signed)
	}
}
