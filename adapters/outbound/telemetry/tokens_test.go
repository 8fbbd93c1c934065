package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

type endpoint struct {
	grants []string
	token  func(inbound.TokenRequest) (inbound.TokenResponse, error)
}

func (e endpoint) GrantTypes() []string { return e.grants }

func (endpoint) Parameters(string) []string { return nil }

func (e endpoint) Token(_ context.Context, r inbound.TokenRequest) (inbound.TokenResponse, error) {
	return e.token(r)
}

func ask(grant string) inbound.TokenRequest {
	return inbound.TokenRequest{Params: map[string]string{"grant_type": grant}}
}

func TestIssuedTokens(t *testing.T) {
	m := newMetrics()
	measured := m.TokenEndpoint(endpoint{
		grants: []string{"password", "client_credentials", "urn:example:mine"},
		token: func(r inbound.TokenRequest) (inbound.TokenResponse, error) {
			return inbound.TokenResponse{UserID: "for " + r.Params["grant_type"]}, nil
		},
	})
	for _, grant := range []string{"password", "client_credentials", "client_credentials", "urn:example:mine"} {
		if answer, err := measured.Token(t.Context(), ask(grant)); err != nil || answer.UserID != "for "+grant {
			t.Errorf("Token(%s) = %v, %v", grant, answer, err)
		}
	}
	wantMoved(t, m, "keystone_tokens_issued_total", map[string]string{"grant=password": "1", "grant=client_credentials": "2", "grant=urn:example:mine": "1"})
	wantMoved(t, m, "keystone_logins_total", map[string]string{"outcome=success,reason=": "1"})
	if got := measured.GrantTypes(); len(got) != 3 {
		t.Errorf("GrantTypes() = %v", got)
	}
}

func TestFailedLogins(t *testing.T) {
	locked := domain.Invalid(domain.CodeInvalidGrant, "locked")
	locked.Reason = domain.ReasonAccountLocked
	foreign := domain.Invalid("code_of_a_foreign_grant", "")
	for want, err := range map[string]error{
		"invalid_grant":  domain.Invalid(domain.CodeInvalidGrant, "wrong"),
		"account_locked": fmt.Errorf("login: %w", locked),
		"busy":           domain.E(domain.KindUnavailable, domain.CodeBusy, "queue"),
		"internal":       errBroken,
		"other":          foreign,
	} {
		t.Run(want, func(t *testing.T) {
			m := newMetrics()
			measured := m.TokenEndpoint(endpoint{
				grants: []string{"password", "refresh_token"},
				token:  func(inbound.TokenRequest) (inbound.TokenResponse, error) { return inbound.TokenResponse{}, err },
			})
			for _, grant := range []string{"password", "refresh_token"} { // the latter is no login
				if _, got := measured.Token(t.Context(), ask(grant)); !errors.Is(got, err) {
					t.Errorf("Token() = %v, want %v", got, err)
				}
			}
			wantMoved(t, m, "keystone_logins_total", map[string]string{"outcome=failure,reason=" + want: "1"})
			wantMoved(t, m, "keystone_tokens_issued_total", map[string]string{})
		})
	}
}

// TestRequestsMakeNoLabels sends what an attacker would: names of grants
// without end, and reasons that follow them.
func TestRequestsMakeNoLabels(t *testing.T) {
	m := newMetrics()
	measured := m.TokenEndpoint(endpoint{
		grants: []string{"password"},
		token: func(r inbound.TokenRequest) (inbound.TokenResponse, error) {
			if r.Params["code"] == "" {
				return inbound.TokenResponse{}, nil // even where an endpoint issues what it does not list
			}
			return inbound.TokenResponse{}, domain.Invalid(domain.Code(r.Params["code"]), "")
		},
	})
	for i := range 100 {
		made := fmt.Sprintf("made-up-%d", i)
		for _, params := range []map[string]string{{"grant_type": made}, {"grant_type": made, "code": made}, {"grant_type": "password", "code": made}, {}} {
			_, _ = measured.Token(t.Context(), inbound.TokenRequest{Params: params}) // only what is counted matters
		}
	}
	wantMoved(t, m, "keystone_tokens_issued_total", map[string]string{})
	wantMoved(t, m, "keystone_logins_total", map[string]string{"outcome=failure,reason=other": "100"})
}

type authenticator func(ctx context.Context, bearer string) (inbound.Caller, error)

func (f authenticator) Authenticate(ctx context.Context, bearer string) (inbound.Caller, error) {
	return f(ctx, bearer)
}

// TestValidations walks an authenticator that keeps signature results, as the
// validator does.
func TestValidations(t *testing.T) {
	m := newMetrics()
	signatures := telemetry.Cache(m, telemetry.TokenCache, newCache())
	users := telemetry.Cache(m, "users", newCache())
	judged := map[string]error{
		"revoked": token.InvalidToken("revoked"), "unknown": domain.Unavailable(errBroken, 0), "broken": domain.Internal(errBroken),
	}
	measured := m.Authenticator(authenticator(func(ctx context.Context, bearer string) (inbound.Caller, error) {
		if _, known := signatures.Get(bearer); !known {
			_, err := signatures.Load(ctx, bearer, func(context.Context, string) (int, error) {
				if bearer == "forged" {
					return 0, token.InvalidToken("forged")
				}
				return 1, nil
			})
			if err != nil {
				return inbound.Caller{}, err
			}
		}
		// Loading who it is has no say in whether the signature was verified.
		_, err := users.Load(ctx, "of "+bearer, func(context.Context, string) (int, error) { return 1, nil })
		users.DropAll()
		return inbound.Caller{Claims: token.AccessClaims{ID: bearer}}, errors.Join(err, judged[bearer])
	}))
	for _, bearer := range []string{"good", "good", "good", "forged", "forged", "revoked", "revoked", "unknown", "unknown", "broken", "broken"} {
		caller, err := measured.Authenticate(t.Context(), bearer)
		if bearer == "good" && (err != nil || caller.Claims.ID != bearer) || bearer != "good" && err == nil {
			t.Errorf("Authenticate(%s) = %v, %v", bearer, caller, err)
		}
	}
	wantMoved(t, m, "keystone_token_validations_total", map[string]string{
		"cache=miss,result=valid": "1", "cache=hit,result=valid": "2",
		"cache=miss,result=invalid": "3", "cache=hit,result=invalid": "1", // a forgery is never kept
		"cache=miss,result=unavailable": "1", "cache=hit,result=unavailable": "1",
		"cache=miss,result=error": "1", "cache=hit,result=error": "1",
	})
	wantMoved(t, m, "keystone_cache_requests_total", map[string]string{
		"cache=tokens,result=miss": "6", "cache=tokens,result=hit": "5", "cache=users,result=miss": "9",
	})
}

func TestAValidationKeepsItsContext(t *testing.T) {
	m := newMetrics()
	ctx, cancel := context.WithCancel(domain.WithOrigin(t.Context(), domain.Origin{RequestID: "r"}))
	cancel()
	_, err := m.Authenticator(authenticator(func(ctx context.Context, _ string) (inbound.Caller, error) {
		if got := domain.OriginFrom(ctx).RequestID; got != "r" {
			t.Errorf("the origin is %q", got)
		}
		return inbound.Caller{}, ctx.Err()
	})).Authenticate(ctx, "any")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Authenticate() = %v", err)
	}
}

func TestACachedValidationAllocatesOnce(t *testing.T) {
	m := newMetrics()
	measured := m.Authenticator(authenticator(func(context.Context, string) (inbound.Caller, error) { return inbound.Caller{}, nil }))
	ctx := t.Context()
	allocations := testing.AllocsPerRun(100, func() {
		if _, err := measured.Authenticate(ctx, "any"); err != nil {
			t.Error(err)
		}
	})
	if allocations > 1 {
		t.Errorf("%v allocations", allocations)
	}
}
