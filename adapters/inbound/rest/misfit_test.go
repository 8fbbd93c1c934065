package rest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
)

// TestMisfits: every member that does not fit is named, in the order of the
// body, and none that does.
func TestMisfits(t *testing.T) {
	type body struct {
		Name   string       `json:"name"`
		Scopes []string     `json:"scopes"`
		Life   *int         `json:"life"`
		Flag   patchFlag    `json:"flag"`
		Keys   jwkSet       `json:"keys"`
		Nested []checkItem  `json:"nested"`
		Any    settingValue `json:"any"`
	}
	for sent, want := range map[string]string{
		`{"name":"a","scopes":[],"life":null}`:                             "",
		`{"z":1,"name":2,"a":{},"life":"x"}`:                               "z unknown, name type, a unknown, life type",
		`{"life":1.5,"scopes":["a",1,2],"flag":"yes","name":"good"}`:       "life type, scopes.1 type, flag type",
		`{"nested":[{"resource":"a","deep":1},{"action":2}],"name":[]}`:    "nested.0.deep unknown, name type",
		`{"flag":null,"z":1,"name":2}`:                                     "flag type, z unknown, name type",
		`{"name":"a\u0000","flag":1}`:                                      "name encoding, flag type",
		`{"scopes":["a","\u0000"],"nested":[{"resource":"\u0000"}],"x":0}`: "scopes encoding, nested encoding, x unknown",
		`{"name":"\ud800","scopes":["\udc00\ud800"],"life":true}`:          "name encoding, scopes encoding, life type",
		`{"any":"\ud800","keys":{"keys":["\ud800"]},"flag":"\ud800"}`:      "any encoding, keys encoding, flag encoding",
		`{"keys":{"\u0000":1},"any":["\u0000"]}`:                           "keys encoding, any encoding",
		`{"a\u0000":1,"b\ud800":2,"name":"\\u0000\ud83d\ude00"}`:           "a\x00 unknown, b\ufffd encoding",
		`{"\u006eame":1,"NAME":"a"}`:                                       "name type, NAME unknown",
	} {
		var into body
		var got []string
		err := decode([]byte(sent), &into)
		if (err == nil) != (want == "") || err != nil && !domain.HasCode(err, domain.CodeInvalidInput) {
			t.Fatalf("%s: %v", sent, err)
		}
		for _, f := range domain.AsError(err).Fields {
			if f.Message == "" {
				t.Errorf("%s: %s has no message", sent, f.Name)
			}
			got = append(got, f.Name+" "+f.Code)
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("%s: %q, want %q", sent, got, want)
		}
	}
}

func TestMisfitsAreBounded(t *testing.T) {
	var members []string
	for i := range 1000 {
		members = append(members, fmt.Sprintf(`"unknown%d":1`, i))
	}
	fields := domain.AsError(decode([]byte("{"+strings.Join(members, ",")+"}"), &registerBody{})).Fields
	if len(fields) != maxMisfits || fields[0].Name != "unknown0" || fields[maxMisfits-1].Name != fmt.Sprint("unknown", maxMisfits-1) {
		t.Errorf("%d named", len(fields))
	}
}
