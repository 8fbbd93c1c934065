package bootstrap

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/outbound/jwt"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/services"
)

// crashing marks the process that is to kill itself; see TestCrashBetweenCommitAndAnswer.
const crashing = "KEYSTONE_TEST_CRASHING"

const crashPassword = "purple monkey dishwasher 9"

// lastSigner signs the login and dies at the refresh: its successor is stored
// by then, and nobody was told.
type lastSigner struct {
	*jwt.Codec
	signed *atomic.Int32
}

func (s lastSigner) Sign(ctx context.Context, key outbound.Key, claims token.AccessClaims) (string, error) {
	if s.signed.Add(1) > 1 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return "", err
		}
		select {} // the signal is on its way
	}
	return s.Codec.Sign(ctx, key, claims)
}

// TestCrashingServer is the process of its own that TestCrashBetweenCommitAndAnswer starts.
func TestCrashingServer(t *testing.T) {
	if os.Getenv(crashing) == "" {
		t.Skip("only as a process of its own")
	}
	cfg, err := config.Load("", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(cfg, WithLogger(zap.NewNop()), WithNotices(&bytes.Buffer{}),
		Replace[outbound.TokenCodec](lastSigner{jwt.NewCodec(system.NewRandom()), new(atomic.Int32)}))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stdout.WriteString("listening " + app.Addr().String() + "\n"); err != nil {
		t.Fatal(err)
	}
	<-t.Context().Done() // until the signer ends it
}

// A process dies after the successor was stored and before anyone was told. The
// client asks again, of the restarted server, and gets that very successor.
func TestCrashBetweenCommitAndAnswer(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{
		"SQLite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "keystone.db") },
		"Postgres": func(t *testing.T) string { return services.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			environ := []string{
				"KEYSTONE_DATABASE_URL=" + database(t), "KEYSTONE_MASTER_KEY=" + masterKey, "KEYSTONE_HTTP_ADDR=127.0.0.1:0", "KEYSTONE_OPS_ADDR=",
				"KEYSTONE_ARGON2_MEMORY_KIB=8192", "KEYSTONE_ARGON2_ITERATIONS=1", "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD=" + crashPassword,
				"KEYSTONE_REFRESH_RETRY_WINDOW=1m", "KEYSTONE_RATE_LIMITS=off", "KEYSTONE_MAIL_DIR=" + t.TempDir(),
			}
			doomed := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashingServer$")
			doomed.Env = append(os.Environ(), append(environ, crashing+"=1")...)
			out, err := doomed.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := doomed.Start(); err != nil {
				t.Fatal(err)
			}
			address := ""
			for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
				address, _ = strings.CutPrefix(lines.Text(), "listening ")
			}
			login := url.Values{"grant_type": {"password"}, "username": {"admin"}, "password": {crashPassword}}
			status, first := ask(t, address, login)
			if status != http.StatusOK {
				t.Fatalf("the login gives %d", status)
			}
			refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}}
			if status, _ := ask(t, address, refresh); status != 0 {
				t.Fatalf("the refresh was answered with %d by a server that should have died", status)
			}
			if err := doomed.Wait(); err == nil {
				t.Fatal("the server ended by itself")
			}

			app, _ := start(t, load(t, environ...))
			address = app.Addr().String()
			status, successor := ask(t, address, refresh)
			if status != http.StatusOK || successor == "" {
				t.Fatalf("asked again, the refresh gives %d", status)
			}
			if status, again := ask(t, address, refresh); status != http.StatusOK || again != successor {
				t.Errorf("asked a third time: %d and another successor: %t", status, again != successor)
			}
			if status, _ := ask(t, address, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {successor}}); status != http.StatusOK {
				t.Errorf("the successor gives %d", status)
			}
		})
	}
}

// ask posts to the token endpoint and gives the status and the refresh token;
// status 0 where the connection broke.
func ask(t *testing.T, address string, form url.Values) (status int, refresh string) {
	t.Helper()
	response, err := http.PostForm("http://"+address+"/api/v1/auth/token", form)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	var answer struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer.RefreshToken
}
