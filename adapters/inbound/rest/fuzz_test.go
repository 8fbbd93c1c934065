package rest

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func FuzzBasicHeader(f *testing.F) {
	for _, seed := range []string{"Basic YzpzZWNyZXQ=", "basic Yzo=", "Basic", "Basic !!!", "Bearer x", "Basic Zm9vICU6YmFyICQ=", "Basic  YzpzZWNyZXQ= ", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := offering().clientCredentials(readAuthorization(http.Header{"Authorization": {header}}), map[string]string{"client_id": "public"})
		if err != nil {
			if got != (inbound.ClientCredentials{}) || !domain.HasCode(err, domain.CodeInvalidClient) && !domain.HasCode(err, domain.CodeInvalidRequest) {
				t.Fatalf("%v with %v", got, err)
			}
			return
		}
		// A request that tries Basic is never the public client, nor another than it names.
		if got.Method != inbound.AuthBasic || got.ID != "public" || !utf8.ValidString(got.Secret.Reveal()) {
			t.Fatalf("accepted %s %q", got.Method, got.ID)
		}
	})
}

func FuzzFormBody(f *testing.F) {
	for _, seed := range []string{"grant_type=password&username=a", "a=1&a=1", "a=&a=1", "%61=1&a=2", "a=%00", "a=%ff", "&&&", "=x", "a;b=c", "a=%zz", strings.Repeat("a&", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		form, err := parseForm(body)
		if err != nil {
			if !domain.HasCode(err, domain.CodeInvalidRequest) {
				t.Fatal(err)
			}
			return
		}
		if len(form) > maxParameters {
			t.Fatalf("%d parameters", len(form))
		}
		for name, value := range form {
			if value == "" || !utf8.ValidString(name+value) || strings.ContainsRune(name+value, 0) {
				t.Fatalf("%q=%q", name, value)
			}
		}
	})
}

func FuzzBearerHeader(f *testing.F) {
	for _, seed := range []string{"Bearer a.b.c", "bearer x", "Bearer", "Bearer  x", "Bearer a b", "Bearer \"", "Basic x", "Bearer ===", "Bearer a=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		raw, err := bearerToken(http.Header{"Authorization": {header}})
		if err != nil {
			challenge := bearerChallenge(domain.AsError(err))
			if raw != "" || !strings.HasPrefix(challenge, `Bearer realm="keystone"`) || strings.ContainsAny(challenge, "\r\n") {
				t.Fatalf("%q with %q", raw, challenge)
			}
			return
		}
		if raw == "" || strings.ContainsAny(raw, " \t\r\n\",\\") || !strings.HasSuffix(header, raw) {
			t.Fatalf("accepted %q", raw)
		}
	})
}

func FuzzForwardedHeader(f *testing.F) {
	for _, seed := range []string{"1.2.3.4", "1.2.3.4, 10.0.0.1", "unknown", ",,,", "[::1]:80", "10.0.0.1:x", "fe80::1%lo", "1.2.3.4,"} {
		f.Add(seed)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, header string) {
		if got := clientAddress("203.0.113.1:1", []string{header}, trusted); got != "203.0.113.1" {
			t.Fatalf("an untrusted peer became %q", got)
		}
		got := clientAddress("10.0.0.1:1", []string{header}, trusted)
		if _, err := netip.ParseAddr(got); err != nil {
			t.Fatalf("%q is no address", got)
		}
		// What the client writes to the left of an untrusted hop changes nothing.
		if got := clientAddress("10.0.0.1:1", []string{header + ",203.0.113.9"}, trusted); got != "203.0.113.9" {
			t.Fatalf("forged to %q", got)
		}
	})
}

func FuzzJSONBody(f *testing.F) {
	for _, seed := range []string{goodRegistration, "{}{}", `{"a":1,}`, `{"username":"a\u0000"}`, `{"USERNAME":"x"}`, `{"username":"x","username":"y"}`, strings.Repeat(`{"a":`, 40), `{"bio":null}`, "\xef\xbb\xbf{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var into registerBody
		err := decode(body, &into)
		if err != nil {
			e := domain.AsError(err)
			if e.Code != domain.CodeInvalidRequest && e.Code != domain.CodeInvalidInput {
				t.Fatal(err)
			}
			for _, field := range e.Fields {
				if !utf8.ValidString(field.Name) || len(field.Name) > maxFieldName || strings.Contains(field.Message, "rest.") {
					t.Fatalf("%+v", field)
				}
			}
			return
		}
		if all := into.Username + into.Email + into.Password + into.Bio; !utf8.ValidString(all) || strings.ContainsRune(all, 0) {
			t.Fatalf("accepted %q", all)
		}
	})
}
