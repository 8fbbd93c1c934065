package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// taking is an importer that makes every entry, or fails.
type taking struct {
	made      []string
	abandoned bool // no superuser is left
	fail      map[string]error
}

func (i *taking) Import(_ context.Context, e inbound.Entry) (inbound.ImportChange, error) {
	if err := i.fail[e.Title()]; err != nil {
		return inbound.ImportChange{}, err
	}
	i.made = append(i.made, e.Title())
	return inbound.ImportChange{Created: true, Fields: []string{"roles"}}, nil
}

func (i *taking) Administered(context.Context) (bool, error) {
	return !i.abandoned, i.fail["administered"]
}

// TestImportWarns has an import tell that nobody could administer.
func TestImportWarns(t *testing.T) {
	const file, warning = `{"type":"keystone-export","version":1}` + "\n" + `{"type":"scope","name":"read:a"}`, "warning: no active superuser has a password"
	away := map[string]error{"administered": domain.Unavailable(errors.New("away"), 0)}
	for name, c := range map[string]struct {
		importer taking
		args     string
		code     int
		err      string
	}{
		"a superuser":    {taking{}, "import -", 0, ""},
		"none":           {taking{abandoned: true}, "import -", 0, warning},
		"rehearsed":      {taking{abandoned: true}, "import --dry-run -", 0, ""},
		"not to be told": {taking{fail: away}, "import -", 1, "away"},
	} {
		t.Run(name, func(t *testing.T) {
			commands := Commands{ConfigFile: new(string), IsConfigProblem: func(error) bool { return false },
				Import: func(_ context.Context, _ bool, run func(inbound.Importer) error) error { return run(&c.importer) }}
			var out, told bytes.Buffer
			code := Run(t.Context(), commands, strings.Fields(c.args), strings.NewReader(file), &out, &told)
			if code != c.code || !strings.Contains(told.String(), c.err) || c.err == "" && told.Len() > 0 || !strings.Contains(out.String(), "created 1,") {
				t.Errorf("code %d, told %q and %q", code, out.String(), told.String())
			}
		})
	}
}

func TestImportOfLines(t *testing.T) {
	const header = `{"type":"keystone-export","version":1}` + "\n"
	scope := func(name, description string) string {
		return `{"type":"scope","name":"` + name + `","description":"` + description + `"}`
	}
	fits := scope("read:fits", strings.Repeat("x", maxLine-len(scope("read:fits", ""))-1))
	long := scope("read:long", strings.Repeat("x", 3*maxLine))
	for name, c := range map[string]struct {
		file string
		code int
		made string
		out  string
		err  string
	}{
		"no end":             {header + scope("read:a", ""), 0, "scope read:a", "line 2: create scope read:a: roles\ncreated 1, updated 0, unchanged 0, refused 0\n", ""},
		"ends of Windows":    {strings.ReplaceAll(header+scope("read:a", "")+"\n\n", "\n", "\r\n"), 0, "scope read:a", "created 1,", ""},
		"as long as may be":  {header + fits + "\n", 0, "scope read:fits", "created 1,", ""},
		"longer":             {header + long + "\n" + scope("read:b", "") + "\n", 1, "scope read:b", "created 1, updated 0, unchanged 0, refused 1\n", "line 2: invalid: is longer than 1048576 bytes\n"},
		"longer at the end":  {header + scope("read:a", "") + "\n" + long, 1, "scope read:a", "created 1, updated 0, unchanged 0, refused 1\n", "line 3: invalid: is longer"},
		"a store that fails": {header + scope("read:a", "") + "\n" + scope("read:away", "") + "\n" + scope("read:b", ""), 1, "scope read:a", "created 1, updated 0, unchanged 0, refused 0\n", "line 3: "},
		"empty":              {"", 1, "", "", "the file is empty"},
		"a long header":      {long, 1, "", "", "line 1: the file must begin with"},
	} {
		t.Run(name, func(t *testing.T) {
			importer := &taking{fail: map[string]error{"scope read:away": domain.Unavailable(errors.New("away"), 0)}}
			commands := Commands{ConfigFile: new(string), IsConfigProblem: func(error) bool { return false },
				Import: func(_ context.Context, _ bool, run func(inbound.Importer) error) error { return run(importer) }}
			var out, told bytes.Buffer
			code := Run(t.Context(), commands, []string{"import", "--dry-run", "-"}, strings.NewReader(c.file), &out, &told)
			if made := strings.Join(importer.made, ", "); code != c.code || made != c.made || !strings.Contains(out.String(), c.out) || !strings.Contains(told.String(), c.err) {
				t.Errorf("code %d, made %q, told %q and %q", code, made, out.String(), told.String())
			}
		})
	}
}
