package bootstrap

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// TestSettingsReachEveryInstance sets what one instance was started with and
// asks the other, of the same store, until it is in force there too.
func TestSettingsReachEveryInstance(t *testing.T) {
	cfg := embedded(t)
	cfg.Bootstrap.Password = domain.NewSecret("a password for settings alone")
	one, _ := start(t, cfg)
	other, _ := start(t, cfg)
	ask := func(app *App, method, path, bearer, media, body string) (int, map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+app.Addr().String()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", media)
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer map[string]any
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, answer
	}
	const mediaJSON, settings = "application/json", "/api/v1/admin/settings"
	login := url.Values{"grant_type": {"password"}, "username": {"admin"}, "password": {cfg.Bootstrap.Password.Reveal()}}.Encode()
	lifetime := func(app *App) (string, any) {
		_, answer := ask(app, http.MethodPost, "/api/v1/auth/token", "", "application/x-www-form-urlencoded", login)
		bearer, _ := answer["access_token"].(string)
		return bearer, answer["expires_in"]
	}
	bearer, before := lifetime(one)
	if before != 900.0 {
		t.Fatalf("tokens live %v", before)
	}
	inForce := func(app *App, seconds float64) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
			if _, now := lifetime(app); now == seconds {
				return
			}
		}
		t.Errorf("not in force within 5 s: a token of %v s", seconds)
	}
	status, answer := ask(one, http.MethodPatch, settings, bearer, mediaJSON, `{"access_token_ttl":"2m"}`)
	if status != http.StatusOK || answer["version"] != 2.0 {
		t.Fatalf("set: %d %v", status, answer)
	}
	if _, now := lifetime(one); now != 120.0 {
		t.Errorf("set, and not in force where it was set: %v", now)
	}
	inForce(other, 120)
	third, _ := start(t, cfg)
	inForce(third, 120) // what is set outlives the process
	if status, answer := ask(other, http.MethodPatch, settings, bearer, mediaJSON, `{"access_token_ttl":null}`); status != http.StatusOK || answer["version"] != 3.0 {
		t.Fatalf("set back: %d %v", status, answer)
	}
	inForce(one, 900)
}
