package rest

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func TestClientCredentials(t *testing.T) {
	type want struct {
		method inbound.ClientAuthMethod
		id     string
		secret string
		code   domain.Code // empty: accepted
	}
	accepted := func(m inbound.ClientAuthMethod, id, secret string) want {
		return want{method: m, id: id, secret: secret}
	}
	for name, tc := range map[string]struct {
		authorization []string
		form          string
		want          want
	}{
		"CLI-01 nothing":                {nil, "", want{}},
		"basic":                         {[]string{"Basic YzpzZWNyZXQ="}, "", accepted(inbound.AuthBasic, "c", "secret")},
		"CLI-12 lower-case scheme":      {[]string{"basic YzpzZWNyZXQ="}, "", accepted(inbound.AuthBasic, "c", "secret")},
		"post":                          {nil, "client_id=c&client_secret=s", accepted(inbound.AuthPost, "c", "s")},
		"CLI-13 id alone":               {nil, "client_id=c", accepted(inbound.AuthNone, "c", "")},
		"CLI-14 empty secret, basic":    {[]string{"Basic Yzo="}, "", accepted(inbound.AuthBasic, "c", "")},
		"CLI-14 empty secret, post":     {nil, "client_id=c&client_secret=", accepted(inbound.AuthNone, "c", "")},
		"CLI-07 same id repeated":       {[]string{"Basic YzpzZWNyZXQ="}, "client_id=c", accepted(inbound.AuthBasic, "c", "secret")},
		"form-encoded in basic":         {[]string{"Basic YSUzQWI6YysvJTJC"}, "", accepted(inbound.AuthBasic, "a:b", "c /+")},
		"CLI-05 both":                   {[]string{"Basic YzpzZWNyZXQ="}, "client_secret=s", want{code: domain.CodeInvalidRequest}},
		"CLI-05 basic and assertion":    {[]string{"Basic YzpzZWNyZXQ="}, "client_assertion=x", want{code: domain.CodeInvalidRequest}},
		"post and assertion":            {nil, "client_id=c&client_secret=s&client_assertion=x", want{code: domain.CodeInvalidRequest}},
		"assertion alone":               {nil, "client_id=c&client_assertion=x&client_assertion_type=y", want{code: domain.CodeInvalidClient}},
		"assertion without its type":    {nil, "client_id=c&client_assertion=x", want{code: domain.CodeInvalidClient}},
		"a type without its assertion":  {nil, "client_id=c&client_assertion_type=y", want{code: domain.CodeInvalidClient}},
		"a proof that names its client": {nil, "ticket=x&ticket_type=t", accepted("ticket", "", "x")},
		"the same with the client":      {nil, "ticket=x&ticket_type=t&client_id=c", accepted("ticket", "c", "x")},
		"of another kind":               {nil, "ticket=x&ticket_type=u", want{code: domain.CodeInvalidClient}},
		"of no kind":                    {nil, "ticket=x&client_id=c", want{code: domain.CodeInvalidClient}},
		"the kind alone":                {nil, "ticket_type=t&client_id=c", want{code: domain.CodeInvalidClient}},
		"beside a secret":               {nil, "ticket=x&ticket_type=t&client_id=c&client_secret=s", want{code: domain.CodeInvalidRequest}},
		"beside basic":                  {[]string{"Basic YzpzZWNyZXQ="}, "ticket=x&ticket_type=t", want{code: domain.CodeInvalidRequest}},
		"CLI-06 other id":               {[]string{"Basic YzpzZWNyZXQ="}, "client_id=other", want{code: domain.CodeInvalidRequest}},
		"secret without id":             {nil, "client_secret=s", want{code: domain.CodeInvalidClient}},
		"CLI-10 broken percent":         {[]string{"Basic Zm9vICU6YmFyICQ="}, "", want{code: domain.CodeInvalidClient}},
		"CLI-11 scheme only":            {[]string{"Basic"}, "client_id=public", want{code: domain.CodeInvalidClient}},
		"CLI-11 empty header":           {[]string{""}, "client_id=public", want{code: domain.CodeInvalidClient}},
		"CLI-11 no colon":               {[]string{"Basic Zm9v"}, "client_id=public", want{code: domain.CodeInvalidClient}},
		"CLI-11 not base64":             {[]string{"Basic !!!"}, "client_id=public", want{code: domain.CodeInvalidClient}},
		"CLI-11 trailing mark":          {[]string{"Basic YzpzZWNyZXQ=!"}, "client_id=public", want{code: domain.CodeInvalidClient}},
		"CLI-11 non-canonical base64":   {[]string{"Basic YzpzZWNyZXR="}, "client_id=public", want{code: domain.CodeInvalidClient}},
		"CLI-11 bearer":                 {[]string{"Bearer x"}, "client_id=public", want{code: domain.CodeInvalidClient}},
		"CLI-11 two headers":            {[]string{"Basic YzpzZWNyZXQ=", "Basic YzpzZWNyZXQ="}, "client_id=c", want{code: domain.CodeInvalidRequest}},
		"no id in basic":                {[]string{"Basic OnNlY3JldA=="}, "", want{code: domain.CodeInvalidClient}},
		"NUL in basic":                  {[]string{"Basic YwA6cw=="}, "", want{code: domain.CodeInvalidClient}},
		"invalid UTF-8 in the password": {[]string{"Basic Yzr/"}, "", want{code: domain.CodeInvalidClient}},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := parseForm(tc.form + "&kept=1")
			if err != nil {
				t.Fatal(err)
			}
			got, err := offering().clientCredentials(readAuthorization(http.Header{"Authorization": tc.authorization}), form)
			if tc.want.code != "" {
				if !domain.HasCode(err, tc.want.code) || got != (inbound.ClientCredentials{}) {
					t.Fatalf("got %v, %v; want %s", got, err, tc.want.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Method != tc.want.method || got.ID != tc.want.id || got.Secret.Reveal() != tc.want.secret {
				t.Errorf("got %s %q %q, want %+v", got.Method, got.ID, got.Secret.Reveal(), tc.want)
			}
			if diff := cmp.Diff(map[string]string{"kept": "1"}, form); diff != "" {
				t.Errorf("what is left of the form (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClientFailuresCarryAChallenge(t *testing.T) {
	refused := func(p *ports) {
		p.token = func(context.Context, inbound.TokenRequest) (inbound.TokenResponse, error) {
			return inbound.TokenResponse{}, domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "the client is not known")
		}
		p.revoke = func(context.Context, inbound.ClientCredentials, domain.Secret) error {
			return domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "the client is not known")
		}
	}
	is := []string{`"error":"invalid_client"`}
	run(t, []exampleCase{
		{name: "CLI-02 basic", path: tokenPath, headers: []string{formType, basicOfC}, body: "grant_type=x", given: refused, status: 401, has: is, answered: []string{basicAsk}, calls: []string{"token"}},
		{name: "CLI-04 post", path: tokenPath, headers: []string{formType}, body: "grant_type=x&client_id=c&client_secret=w", given: refused, status: 401, has: is, answered: []string{basicAsk}, calls: []string{"token"}},
		{name: "CLI-11 bearer at token", path: tokenPath, headers: []string{formType, full}, body: "grant_type=x&client_id=p", status: 401, has: is, answered: []string{basicAsk}},
		{name: "CLI-11 bearer at revoke", path: revokePath, headers: []string{formType, full}, body: "token=x&client_id=p", status: 401, has: is, answered: []string{basicAsk}},
		{name: "REV-05", path: revokePath, headers: []string{formType, basicOfC}, body: "token=x", given: refused, status: 401, has: is, answered: []string{basicAsk}, calls: []string{"revoke"}},
	})
}
