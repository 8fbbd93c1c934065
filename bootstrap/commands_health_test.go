package bootstrap

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/inbound/cli"
)

func TestHealthAsksTheConfiguredInstance(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, cert, key, 1, time.Unix(1, 0))
	for name, environ := range map[string][]string{
		"plain": nil,
		"TLS":   {"KEYSTONE_TLS_CERT_FILE=" + cert, "KEYSTONE_TLS_KEY_FILE=" + key},
	} {
		t.Run(name, func(t *testing.T) {
			app, _ := start(t, embedded(t, environ...))
			file := filepath.Join(t.TempDir(), "keystone.yaml")
			text := "http_addr: " + app.Addr().String() + "\n"
			if environ != nil {
				text += "tls_cert_file: " + cert + "\ntls_key_file: " + key + "\n"
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			c := commands{file: &file}
			var out, failed bytes.Buffer
			code := cli.Run(context.Background(), cli.Commands{ConfigFile: &file, IsConfigProblem: isConfigProblem, Instance: c.instance},
				[]string{"health", "--config", file}, nil, &out, &failed)
			if code != 0 || !strings.HasPrefix(out.String(), "ready\n") || !strings.Contains(out.String(), "database") || !strings.Contains(out.String(), "revocations: \"up\"") {
				t.Errorf("exit code %d, out %q, err %q", code, &out, &failed)
			}
		})
	}
}

func TestNearby(t *testing.T) {
	for listening, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "[::1]:1", "10.0.0.7:80": "10.0.0.7:80", "id.example.com:80": "id.example.com:80",
	} {
		if got, err := nearby(listening); err != nil || got != want {
			t.Errorf("%s: got %q, %v", listening, got, err)
		}
	}
}
