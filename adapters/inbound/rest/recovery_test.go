package rest

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// recoveryFake takes the token "good" and the password "good enough", and notes
// what it was asked.
type recoveryFake struct{ p *ports }

var _ inbound.Recovery = recoveryFake{}

func (f recoveryFake) RequestVerification(_ context.Context, email string) error {
	f.p.called("request verification of " + email)
	return nil
}

func (f recoveryFake) VerifyEmail(_ context.Context, raw domain.Secret) error {
	f.p.called("verify")
	if raw.Reveal() != "good" {
		return user.InvalidVerification()
	}
	return nil
}

func (f recoveryFake) RequestReset(_ context.Context, email string) error {
	f.p.called("request reset of " + email)
	return nil
}

func (f recoveryFake) ResetPassword(_ context.Context, raw, next domain.Secret) error {
	f.p.called("reset")
	switch {
	case raw.Reveal() == "busy":
		return domain.Unavailable(nil, 0)
	case raw.Reveal() != "good":
		return user.InvalidReset()
	case next.Reveal() != "good enough":
		return domain.InvalidFields(domain.Field{Name: "new_password", Code: "too_short", Message: "must be <longer>"})
	}
	return nil
}

// addressesFake takes the code "123456".
type addressesFake struct{ p *ports }

var _ inbound.OwnAddresses = addressesFake{}

func (f addressesFake) ChangeEmail(ctx context.Context, caller inbound.Caller, email inbound.EmailChange, profile user.ProfileChange, version int64) (inbound.Account, error) {
	f.p.called("change email to " + email.Email)
	if email.Email == "" || email.CurrentPassword.Reveal() != "pw" {
		return inbound.Account{}, domain.InvalidFields(domain.Field{Name: "email", Code: "format", Message: "must be an address"})
	}
	account, err := f.p.me(ctx, caller)
	account.User.PendingEmail = user.Email(email.Email)
	return account, err
}

func (f addressesFake) RequestPhone(_ context.Context, _ inbound.Caller, phone string) error {
	f.p.called("phone " + phone)
	return nil
}

func (f addressesFake) VerifyPhone(_ context.Context, _ inbound.Caller, code domain.Secret) error {
	f.p.called("code")
	if code.Reveal() != "123456" {
		return domain.Invalid(domain.CodeInvalidCode, "not valid")
	}
	return nil
}

func TestPhone(t *testing.T) {
	const path, verify = mePath + "/phone", mePath + "/phone/verify"
	h := []string{bare, jsonType}
	run(t, []exampleCase{
		{name: "ask", path: path, headers: h, body: `{"phone":"+43 1 2345678"}`, status: 202, calls: []string{"phone +43 1 2345678"}},
		{name: "ask as nobody", path: path, headers: []string{jsonType}, body: `{"phone":"+4312345678"}`, status: 401},
		{name: "ask with more", path: path, headers: h, body: `{"phone":"+4312345678","code":"1"}`, status: 422},
		{name: "verify", path: verify, headers: h, body: `{"code":"123456"}`, status: 204, calls: []string{"code"}},
		{name: "verify wrongly", path: verify, headers: h, body: `{"code":"654321"}`, status: 400, calls: []string{"code"}, has: []string{`"code":"invalid_phone_code"`}, hasNot: []string{"654321"}},
		{name: "verify with nothing", path: verify, headers: h, body: `{}`, status: 422, has: []string{`"field":"code","code":"required"`}},
		{name: "a number is no text", path: verify, headers: h, body: `{"code":123456}`, status: 422, has: []string{`"field":"code","code":"type"`}},
	})
}

func TestRecovery(t *testing.T) {
	const verify, reset = "/api/v1/users/verify-email", "/api/v1/users/password-reset"
	h := []string{jsonType}
	run(t, []exampleCase{
		{name: "ask for verification", path: verify + "/request", headers: h, body: `{"email":"a@example.com"}`, status: 202, calls: []string{"request verification of a@example.com"}},
		{name: "what is no address is taken alike", path: verify + "/request", headers: h, body: `{"email":"nonsense"}`, status: 202, calls: []string{"request verification of nonsense"}},
		{name: "no address at all", path: verify + "/request", headers: h, body: `{}`, status: 422, has: []string{`"field":"email","code":"required"`}},
		{name: "more than an address", path: verify + "/request", headers: h, body: `{"email":"a","x":1}`, status: 422},
		{name: "verify", path: verify, headers: h, body: `{"token":"good"}`, status: 204, calls: []string{"verify"}},
		{name: "verify badly", path: verify, headers: h, body: `{"token":"spent-token"}`, status: 400, has: []string{`"code":"invalid_verification_token"`}, hasNot: []string{"spent-token"}, calls: []string{"verify"}},
		{name: "verify nothing", path: verify, headers: h, body: `{"token":""}`, status: 422, has: []string{`"field":"token"`}},
		{name: "a form is no JSON", path: verify, headers: []string{formType}, body: `token=good`, status: 415},
		{name: "ask for a reset", path: reset + "/request", headers: h, body: `{"email":"a@example.com"}`, status: 202, calls: []string{"request reset of a@example.com"}},
		{name: "reset", path: reset, headers: h, body: `{"token":"good","new_password":"good enough"}`, status: 204, calls: []string{"reset"}},
		{name: "reset badly", path: reset, headers: h, body: `{"token":"bad","new_password":"good enough"}`, status: 400, has: []string{`"code":"invalid_reset_token"`}, calls: []string{"reset"}},
		{name: "reset to a weak one", path: reset, headers: h, body: `{"token":"good","new_password":"weak"}`, status: 422, has: []string{`"field":"new_password"`}, hasNot: []string{"weak"}, calls: []string{"reset"}},
		{name: "reset with nothing", path: reset, headers: h, body: `{"new_password":"good enough"}`, status: 422, has: []string{`"field":"token"`}},
	})
}

// WEB-01, USR-18: opening a page changes nothing, and it carries nothing from
// elsewhere.
func TestPages(t *testing.T) {
	policy := []string{"Content-Security-Policy: " + pagePolicy, "Cross-Origin-Opener-Policy: same-origin", "Referrer-Policy: no-referrer",
		"Cache-Control: no-store", "X-Frame-Options: DENY", "Content-Type: " + mediaHTML}
	h := []string{formType}
	run(t, []exampleCase{
		{name: "verify, opened", method: "GET", path: verifyPagePath + "?token=good", status: 200, answered: policy, has: []string{`method="post"`, `name="token" value="good"`}, hasNot: []string{"<script"}},
		{name: "verify, looked at", method: "HEAD", path: verifyPagePath + "?token=good", status: 200, answered: policy},
		{name: "without a token", method: "GET", path: verifyPagePath, status: 200, has: []string{`<input name="token" required`}},
		{name: "markup for a token", method: "GET", path: resetPagePath + `?token=%22%3E%3Cscript%3E`, status: 200, answered: policy, has: []string{"&#34;&gt;&lt;script&gt;"}, hasNot: []string{"<script"}},
		{name: "too long a token", method: "GET", path: resetPagePath + "?token=" + strings.Repeat("x", maxShownToken+1), status: 200, hasNot: []string{"xxxx"}},
		{name: "two tokens", method: "GET", path: resetPagePath + "?token=a&token=b", status: 200, has: []string{`<input name="token" required`}},
		{name: "verify, pressed", path: verifyPagePath, headers: h, body: "token=good", status: 200, answered: policy, has: []string{"is confirmed"}, calls: []string{"verify"}},
		{name: "verify, too late", path: verifyPagePath, headers: h, body: "token=spent", status: 400, answered: policy, has: []string{"not valid any more"}, hasNot: []string{"spent"}, calls: []string{"verify"}},
		{name: "reset, pressed", path: resetPagePath, headers: h, body: "token=good&new_password=good+enough", status: 200, answered: policy, has: []string{"is set"}, hasNot: []string{"good enough"}, calls: []string{"reset"}},
		{name: "reset, weak", path: resetPagePath, headers: h, body: "token=good&new_password=weak-one", status: 422, answered: policy,
			has: []string{`name="token" value="good"`, "The password must be &lt;longer&gt;."}, hasNot: []string{"weak-one"}, calls: []string{"reset"}},
		{name: "reset, too late", path: resetPagePath, headers: h, body: "token=spent&new_password=good+enough", status: 400, answered: policy, hasNot: []string{"<form"}, calls: []string{"reset"}},
		{name: "reset, busy", path: resetPagePath, headers: h, body: "token=busy&new_password=x", status: 503, answered: []string{problemCT}, calls: []string{"reset"}},
		{name: "JSON is no form", path: resetPagePath, headers: []string{jsonType}, body: `{}`, status: 415},
	})
}

// The page's address and form hold a token: neither is in the log.
func TestPagesLogNoToken(t *testing.T) {
	s, logs := serve(t, obliging(), configured())
	ask(s, httptest.NewRequest("GET", verifyPagePath+"?token=secret-token", nil))
	for _, entry := range logs.All() {
		for _, value := range entry.ContextMap() {
			if text, ok := value.(string); ok && strings.Contains(text, "secret-token") {
				t.Errorf("the log holds the token: %v", entry)
			}
		}
	}
}
