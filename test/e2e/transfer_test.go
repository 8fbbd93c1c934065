package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const exportHeader = `{"type":"keystone-export","version":1}` + "\n"

// TestMoveToTheOtherStore exports from a running server of each kind, and goes
// on with its users and clients at one of the other kind.
func TestMoveToTheOtherStore(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	for i, from := range stores {
		to := stores[(i+1)%len(stores)]
		t.Run(from.name+" to "+to.name, func(t *testing.T) {
			t.Parallel()
			source := start(t, from.settings(t))
			admin := source.login(t, source.Admin)
			source.want(t, http.StatusCreated, call{path: "/api/v1/admin/scopes", bearer: admin.Access, json: text(map[string]string{"name": "read:tea", "description": "Looks at tea"})})
			source.want(t, http.StatusCreated, call{path: "/api/v1/admin/roles", bearer: admin.Access, json: text(map[string]string{"name": "taster", "description": "Tastes"})})
			source.want(t, http.StatusNoContent, call{method: "PUT", path: "/api/v1/admin/roles/taster/scopes/read:tea", bearer: admin.Access})
			alice := source.register(t)
			session := source.login(t, alice)
			source.want(t, http.StatusNoContent, call{method: "PUT", path: "/api/v1/admin/users/" + session.UserID + "/roles/taster", bearer: admin.Access})
			app := source.newClient(t, admin, []string{"read:tea"}, []string{"client_credentials"})

			signing := source.newKeyClient(t, admin, []string{"read:tea"}, nil)
			public := source.want(t, http.StatusCreated, call{path: clientsPath, bearer: admin.Access,
				json: text(map[string]any{"name": "phone", "scopes": []string{"read:tea"}, "grant_types": []string{"password"}, "token_endpoint_auth_method": "none"})})

			file := filepath.Join(t.TempDir(), "all.ndjson")
			for _, nowhere := range [][]string{{"export", "--hashes"}, {"export", "--hashes", "--output", "-"}} {
				if got := source.run(t, "", nowhere...); got.code != 1 || strings.Contains(got.out, "$argon2id$") {
					t.Errorf("%v: exit code %d, %s", nowhere, got.code, got.out)
				}
			}
			plain := source.wantRun(t, "", "export")
			if strings.Contains(plain, "$argon2id$") || strings.Contains(plain, "_hash") || !strings.HasPrefix(plain, exportHeader) {
				t.Errorf("an export without hashes: %s", plain)
			}
			source.wantRun(t, "", "export", "--hashes", "--output", file)
			about, err := os.Stat(file)
			if err != nil || about.Mode().Perm() != 0o600 {
				t.Fatalf("the export's file: %v, %v", about, err)
			}
			if got := source.run(t, "", "export", "--output", file); got.code != 1 {
				t.Error("a file that was there is overwritten")
			}

			for _, told := range []string{"without_hashes", "with_hashes"} { // who was refused exported nothing
				source.wantCount(t, "1", fmt.Sprintf("SELECT count(*) FROM events WHERE type = 'accounts.exported' AND outcome = 'success' AND reason = '%s: begun'", told))
			}
			source.wantCount(t, "2", "SELECT count(*) FROM events WHERE type = 'accounts.exported'")

			target := prepare(t, to.settings(t).with(settings{"BOOTSTRAP_ADMIN_PASSWORD": source.Admin.Password}))
			rehearsed := target.wantRun(t, "", "import", "--dry-run", file)
			for _, line := range []string{"create scope read:tea", "create role taster", "create client " + app.ID, "create user " + alice.Username + ": roles\n", "create user " + source.Admin.Username + ": is_superuser", "unchanged role admin", "refused 0"} {
				if !strings.Contains(rehearsed, line) {
					t.Errorf("the rehearsal does not tell %q:\n%s", line, rehearsed)
				}
			}
			done := target.wantRun(t, "", "import", file)
			counts := done[strings.Index(done, "created"):]
			if !strings.HasSuffix(rehearsed, counts) {
				t.Errorf("it was rehearsed as\n%sand came out as\n%s", rehearsed, counts)
			}
			if counts != done {
				t.Errorf("the import says more than its result: %s", done)
			}
			if again := target.wantRun(t, "", "import", file); !strings.HasPrefix(again, "created 0, updated 0, ") {
				t.Errorf("the second import: %s", again)
			}

			target.Start(t)
			moved := target.login(t, alice)
			if moved.UserID != session.UserID || !strings.Contains(moved.Scope, "read:tea") {
				t.Errorf("alice is %s with %q, was %s", moved.UserID, moved.Scope, session.UserID)
			}
			target.login(t, source.Admin)
			target.want(t, http.StatusOK, call{path: tokenPath, basic: app, form: form("grant_type", "client_credentials", "scope", "read:tea")})
			// Each client proves itself as it did, and in no other way.
			target.want(t, http.StatusOK, asserting(signing.sign(t, signing.claims(target)), "scope", "read:tea"))
			target.want(t, http.StatusOK, passwordGrant(alice, "client_id", public.text("client_id")))
			target.wantCount(t, "2", "SELECT count(*) FROM service_clients WHERE client_secret_hash IS NULL AND client_id IN ('"+signing.ID+"', '"+public.text("client_id")+"')")
			target.wantCount(t, "1", "SELECT count(*) FROM events WHERE type = 'user.created' AND reason = 'imported' AND subject_name = '"+alice.Username+"'")
		})
	}
}

const importedPassword = "correct horse battery staple"

// hashesOfOthers are of importedPassword; see adapters/outbound/argon2.
var hashesOfOthers = map[string]string{
	"bcrypt": "$2y$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
	"scrypt": "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU",
	"crypt7": "$7$86..../....abcdefgh$1RBNkBQwN7UWeReXDJd5ti8S.o1muOH5i.Gnym1xKLD",
	"pbkdf2": "$pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw$ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4",
}

// TestImportFromOtherSystems imports into a running server; each hash proves its
// user once and is one of our own from then on.
func TestImportFromOtherSystems(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		lines := exportHeader
		for name, hash := range hashesOfOthers {
			lines += fmt.Sprintf(`{"type":"user","username":"from-%s","email":"%s@example.com","password_hash":%q,"created_at":"2020-01-02T03:04:05Z"}`+"\n", name, name, hash)
		}
		s.wantRun(t, lines, "import", "-")
		for name := range hashesOfOthers {
			user := account{Username: "from-" + name, Password: importedPassword}
			s.want(t, http.StatusBadRequest, passwordGrant(account{Username: user.Username, Password: importedPassword + "r"}))
			s.login(t, user)
			stored := s.column(t, "SELECT password_hash FROM users WHERE username = '"+user.Username+"'")
			if len(stored) != 1 || !strings.HasPrefix(stored[0], "$argon2id$") {
				t.Errorf("%s is stored as %v after a login", name, stored)
			}
			s.login(t, user)
		}
		if again := s.wantRun(t, lines, "import", "-"); again != "created 0, updated 0, unchanged 4, refused 0\n" {
			t.Errorf("the second import: %s", again)
		}
		for name := range hashesOfOthers {
			s.login(t, account{Username: "from-" + name, Password: importedPassword})
		}
		s.wantCount(t, "4", "SELECT count(*) FROM events WHERE type = 'user.password_rehashed'")
	})
}

// TestImportKeepsFormerPasswords has neither the password that an import brings
// nor the one that it replaces come again.
func TestImportKeepsFormerPasswords(t *testing.T) {
	eachStore(t, settings{"PASSWORD_HISTORY": "3"}, func(t *testing.T, s *Server) {
		alice := s.register(t)
		s.wantRun(t, exportHeader+fmt.Sprintf(`{"type":"user","username":%q,"password_hash":%q,"password_changed_at":%q}`,
			alice.Username, hashesOfOthers["pbkdf2"], time.Now().UTC().Format(time.RFC3339Nano)), "import", "-")
		session := s.login(t, account{Username: alice.Username, Password: importedPassword})
		change := func(next string) call {
			return call{path: mePath + "/password", bearer: session.Access, json: text(map[string]string{"current_password": importedPassword, "new_password": next})}
		}
		for _, former := range []string{importedPassword, alice.Password} {
			if got := s.want(t, http.StatusUnprocessableEntity, change(former)); !strings.Contains(string(got.body), `"reused"`) {
				t.Errorf("a former password: %s", got.body)
			}
		}
		s.want(t, http.StatusNoContent, change(newPassword()))
	})
}

// TestImportWarns imports into a store that nobody can administer afterwards, and
// then gives the superuser a password.
func TestImportWarns(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			s := prepare(t, store.settings(t))
			const warning = "warning: no active superuser has a password"
			root := `{"type":"user","username":"root","email":"root@example.com","is_superuser":true`
			if got := s.run(t, exportHeader+root+`}`, "import", "-"); got.code != 0 || !strings.HasPrefix(got.errors, warning) {
				t.Errorf("without a hash: exit code %d, %s", got.code, got.errors)
			}
			if got := s.run(t, exportHeader+root+fmt.Sprintf(`,"is_active":true,"password_hash":%q}`, hashesOfOthers["bcrypt"]), "import", "-"); got.code != 0 || got.errors != "" {
				t.Errorf("with a hash: exit code %d, %s", got.code, got.errors)
			}
		})
	}
}

// TestImportChangesWhatIsThere updates a running server, whose sessions end
// where a change by an administrator would end them.
func TestImportChangesWhatIsThere(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		line := fmt.Sprintf(`{"type":"user","id":%q,"username":%q,"display_name":"A. Liddell"}`, w.session.UserID, w.alice.Username)
		if told := s.wantRun(t, exportHeader+line, "import", "--dry-run", "-"); !strings.Contains(told, "line 2: update user "+w.alice.Username+": display_name\n") {
			t.Errorf("the rehearsal says %s", told)
		}
		if got := s.want(t, http.StatusOK, me(w.session.Access)).text("display_name"); got != "" {
			t.Errorf("a rehearsal changed the name to %q", got)
		}
		s.wantRun(t, exportHeader+line, "import", "-")
		eventually(t, startWithin, "told to the server", func() bool {
			return s.want(t, http.StatusOK, me(w.session.Access)).text("display_name") == "A. Liddell"
		})
		s.wantRun(t, exportHeader+fmt.Sprintf(`{"type":"user","username":%q,"is_active":false}`, w.alice.Username), "import", "-")
		s.wantRun(t, exportHeader+fmt.Sprintf(`{"type":"client","client_id":%q,"is_active":false}`, w.app.ID), "import", "-")
		eventually(t, startWithin, "told to the server", func() bool {
			return s.send(t, me(w.session.Access)).status == http.StatusUnauthorized &&
				s.send(t, call{path: tokenPath, basic: w.app, form: form("grant_type", "client_credentials")}).status == http.StatusUnauthorized
		})
		s.wantDead(t, w.guard, w.session)
	})
}

// TestImportRefuses imports lines that must not pass, beside one that does.
func TestImportRefuses(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		taken := s.register(t)
		fresh := "bob-" + random()
		refused := map[string]string{
			`{"type":"user","username":"a b","email":"a@example.com"}`:                                                         "invalid: the input is not valid: username must be",
			`{"type":"user","username":"no-mail"}`:                                                                             "email must be",
			`{"type":"user","username":"bad-role","email":"r@example.com","roles":["nobody"]}`:                                 "roles names a role that does not exist",
			`{"type":"user","username":"dear","email":"d@example.com","password_hash":"$2b$20$abcdefghijklmnopqrstuu"}`:        "password_hash must be",
			`{"type":"user","username":"later","email":"l@example.com","created_at":"2999-01-01T00:00:00Z"}`:                   "created_at must not be in the future",
			`{"type":"user","username":"other","email":"` + strings.ToUpper(taken.Email) + `"}`:                                "conflict: ",
			`{"type":"user","id":"01890000-0000-7000-8000-000000000000","username":"` + taken.Username + `","email":"x@y.zz"}`: "conflict: ",
			`{"type":"user","username":"admin","is_superuser":false}`:                                                          "conflict: the last active superuser",
			`{"type":"user","username":"extra","email":"e@example.com","shoe_size":43}`:                                        "invalid: has a field that is not known",
			`{"type":"user","username":"twice","username":"thrice","email":"t@example.com"}`:                                   "invalid: ",
			`{"type":"user","username":7}`:                                                                                              "invalid: has a field of the wrong type: username",
			`{"type":"role","name":"Chief"}`:                                                                                            "name a role name is",
			`{"type":"role","name":"chief","scopes":["read:nothing"]}`:                                                                  "scopes names a scope that does not exist",
			`{"type":"scope","name":"everything"}`:                                                                                      "name a scope is",
			`{"type":"client","client_id":"keystone","name":"Mine"}`:                                                                    "conflict: ",
			`{"type":"client","client_id":"a b","name":"Mine"}`:                                                                         "client_id must be",
			`{"type":"client","client_id":"ksc_x","name":"X","client_secret_hash":"abc"}`:                                               "client_secret_hash must be",
			`{"type":"client","client_id":"ksc_x","name":"X","grant_types":["magic"]}`:                                                  "grant_types must be",
			`{"type":"client","client_id":"ksc_x","name":"X","jwks":{"keys":[7]}}`:                                                      "jwks ",
			`{"type":"client","client_id":"ksc_x","name":"X","token_endpoint_auth_method":"tls"}`:                                       "token_endpoint_auth_method must be",
			`{"type":"client","client_id":"ksc_x","name":"X","token_endpoint_auth_method":"private_key_jwt"}`:                           "jwks must hold",
			`{"type":"client","client_id":"ksc_x","name":"X","grant_types":["client_credentials"],"token_endpoint_auth_method":"none"}`: "grant_types must not hold",
			`{"type":"group","name":"x"}`:                                                                                               "invalid: type must be",
			`{"type":`:                                                                                                                  "invalid: is not a well-formed JSON object",
			`[]`:                                                                                                                        "invalid: ",
		}
		refused[`{"type":"user","id":"00000000-0000-0000-0000-000000000000","username":"nobody","email":"n@example.com"}`] = "id must not be zero"
		refused[`{"type":"user","username":"long","bio":"`+strings.Repeat("x", 1<<20)+`"}`] = "is longer than 1048576 bytes"
		lines, told := exportHeader, map[int]string{}
		n := 1
		for line, why := range refused {
			n++
			lines += line + "\n"
			told[n] = why
		}
		lines += `{"type":"user","username":"` + fresh + `","email":"` + fresh + `@example.com"}` + "\n"
		for _, args := range [][]string{{"import", "--dry-run", "-"}, {"import", "-"}} {
			got := s.run(t, lines, args...)
			if got.code != 1 || !strings.Contains(got.out, fmt.Sprintf("created 1, updated 0, unchanged 0, refused %d\n", len(refused))) {
				t.Errorf("%v: exit code %d\n%s", args, got.code, got.out)
			}
			for n, why := range told {
				found := false
				for line := range strings.Lines(got.errors) {
					found = found || strings.HasPrefix(line, fmt.Sprintf("line %d: ", n)) && strings.Contains(line, why)
				}
				if !found {
					t.Errorf("%v: line %d is not refused for %q:\n%s", args, n, why, got.errors)
				}
			}
		}
		s.wantCount(t, "1", "SELECT count(*) FROM users WHERE username = '"+fresh+"'")
		s.wantCount(t, "3", "SELECT count(*) FROM users")
		for _, broken := range []string{"", `{"type":"user"}`, `{"type":"keystone-export","version":2}`} {
			if got := s.run(t, broken, "import", "-"); got.code != 1 {
				t.Errorf("%q is taken for an export", broken)
			}
		}
	})
}
