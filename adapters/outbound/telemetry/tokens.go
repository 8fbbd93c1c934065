package telemetry

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// loginGrant is the one grant in which a person logs in at the token endpoint
// (RFC 6749, section 4.3).
const loginGrant = "password"

// otherReason stands for a reason that is on no list, such as that of a grant
// from another module.
const otherReason = "other"

// TokenEndpoint counts logins and issued tokens.
func (m *Metrics) TokenEndpoint(inner inbound.TokenEndpoint) inbound.TokenEndpoint {
	t := &tokenEndpoint{TokenEndpoint: inner, issued: map[string]prometheus.Counter{}, loggedIn: m.logins.WithLabelValues(string(domain.Succeeded), ""),
		failed: m.logins.MustCurryWith(prometheus.Labels{"outcome": string(domain.Failed)}), reasons: map[string]bool{}}
	for _, grant := range inner.GrantTypes() {
		t.issued[grant] = m.issued.WithLabelValues(grant)
	}
	for _, code := range domain.Codes() {
		t.reasons[string(code)] = true
	}
	for _, reason := range []string{domain.ReasonAccountLocked, domain.ReasonAccountDisabled, domain.ReasonEmailUnverified, domain.ReasonPasswordExpired} {
		t.reasons[reason] = true
	}
	return t
}

type tokenEndpoint struct {
	inbound.TokenEndpoint
	issued   map[string]prometheus.Counter // by grant
	loggedIn prometheus.Counter
	failed   *prometheus.CounterVec // by reason
	reasons  map[string]bool
}

func (t *tokenEndpoint) Token(ctx context.Context, r inbound.TokenRequest) (inbound.TokenResponse, error) {
	response, err := t.TokenEndpoint.Token(ctx, r)
	// A name that is not offered finds no counter, so that no request makes a label.
	issued, offered := t.issued[r.Params["grant_type"]]
	if !offered {
		return response, err
	}
	isLogin := r.Params["grant_type"] == loginGrant
	if err != nil {
		if isLogin {
			t.failed.WithLabelValues(t.reason(err)).Inc()
		}
		return response, err
	}
	issued.Inc()
	if isLogin {
		t.loggedIn.Inc()
	}
	return response, nil
}

// reason is why a login failed: invalid_grant where name or password are wrong.
func (t *tokenEndpoint) reason(err error) string {
	refusal := domain.AsError(err)
	reason := refusal.Reason
	if reason == "" {
		reason = string(refusal.Code)
	}
	if !t.reasons[reason] {
		return otherReason
	}
	return reason
}
