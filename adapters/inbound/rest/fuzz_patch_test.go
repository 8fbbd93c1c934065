package rest

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keystone-auth/keystone/domain"
)

func FuzzIfMatch(f *testing.F) {
	for _, seed := range []string{`"1"`, `"1", "2"`, "*", `W/"1"`, `""`, `"01"`, `"-1"`, `"9223372036854775808"`, `1`, `"1`, `"1","1"`, `" 1"`, "\x00", `"1" , *`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		const stands = 7
		version, err := expectedVersion([]string{header}, func() (int64, error) { return stands, nil })
		if err != nil {
			t.Fatal(err)
		}
		// Zero lets any version be replaced, so only the asterisk may mean it.
		if version == 0 && !strings.Contains(header, "*") {
			t.Fatalf("%q matches anything", header)
		}
		if version != 0 && version != noVersion && !strings.Contains(header, `"`+strconv.FormatInt(version, 10)+`"`) {
			t.Fatalf("%q is read as %d", header, version)
		}
	})
}

func FuzzSettingsPatch(f *testing.F) {
	for _, seed := range []string{`{"access_token_ttl":"5m"}`, `{"password_history":7}`, `{"x":null}`, `{"a":["b","c"]}`, `{"a":1e999}`, `{"a":{"b":1}}`, `{"a":true}`, `{"a":1,"a":2}`, `{"\u0000":"x"}`,
		`{"a":"\ud800"}`, `{"A":"x","a":"y"}`, `[]`, `null`, `{"a":[["b"]]}`, `{"a":[1]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var read map[string]settingValue
		if err := decode(body, &read); err != nil {
			if e := domain.AsError(err); e.Code != domain.CodeInvalidRequest && e.Code != domain.CodeInvalidInput {
				t.Fatal(err)
			}
			return
		}
		for name, value := range read {
			if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
				t.Fatalf("a name %q", name)
			}
			if text := value.text; text != nil && (!utf8.ValidString(*text) || strings.ContainsRune(*text, 0)) {
				t.Fatalf("%s is %q", name, *text)
			}
		}
	})
}

func FuzzProfilePatch(f *testing.F) {
	for _, seed := range []string{`{"bio":null}`, `{"bio":"x","Bio":"y"}`, `{"is_superuser":true}`, `{"email":"a@b.example"}`, `{"bio":1}`, `{"bio":"\u0000"}`, `{"bio":"a","bio":"b"}`, `{}`, `{"bio":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var read profilePatch
		if err := decode(body, &read); err != nil {
			if e := domain.AsError(err); e.Code != domain.CodeInvalidRequest && e.Code != domain.CodeInvalidInput {
				t.Fatal(err)
			}
			return
		}
		for name, text := range map[string]*string{"bio": read.Bio.value, "display_name": read.DisplayName.value} {
			if text != nil && (!utf8.ValidString(*text) || strings.ContainsRune(*text, 0)) {
				t.Fatalf("%s is %q", name, *text)
			}
		}
	})
}
