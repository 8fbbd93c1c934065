package deploy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// needs gives the path of a program. Where it is missing the test is skipped,
// loudly, but not in the gate.
func needs(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" || os.Getenv("KEYSTONE_TEST_REQUIRE_SERVICES") != "" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("SKIPPED: %s is not installed, so its files are not checked", name)
	return ""
}

func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	command := exec.Command(program, args...)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
}

func TestPrometheusRules(t *testing.T) {
	promtool := needs(t, "promtool")
	dir := filepath.Join(folder, "prometheus")
	run(t, dir, promtool, "check", "rules", "keystone.rules.yaml")
	run(t, dir, promtool, "test", "rules", "keystone.rules.test.yaml")
	for _, name := range []string{"prometheus.yaml", "prometheus.production.yaml"} {
		run(t, dir, promtool, "check", "config", name)
	}
}

var alert = regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)

// TestEveryAlertIsTestedAndExplained: both ways of each, and what to do.
func TestEveryAlertIsTestedAndExplained(t *testing.T) {
	rules, tests := read(t, "prometheus", "keystone.rules.yaml"), read(t, "prometheus", "keystone.rules.test.yaml")
	guide := read(t, "..", "docs", "deployment.md")
	found := alert.FindAllStringSubmatch(rules, -1)
	if len(found) < 10 {
		t.Fatalf("only %d alerts", len(found))
	}
	for _, a := range found {
		for _, way := range []string{" fires\n", " stays quiet\n"} {
			if !strings.Contains(tests, "name: "+a[1]+way) {
				t.Errorf("no test that %s%s", a[1], way)
			}
		}
		if !strings.Contains(guide, "\n#### "+a[1]+"\n") {
			t.Errorf("docs/deployment.md does not tell what to do about %s", a[1])
		}
		if !strings.Contains(rules, "runbook: docs/deployment.md#"+strings.ToLower(a[1])+"\n") {
			t.Errorf("%s does not lead to what to do", a[1])
		}
	}
}

// TestNginx lets nginx judge the configuration, with ports and upstreams of
// this machine.
func TestNginx(t *testing.T) {
	nginx := needs(t, "nginx")
	dir := t.TempDir()
	text := read(t, "nginx", "nginx.conf")
	for _, change := range [][2]string{
		{"pid /var/run/nginx.pid;", "pid " + dir + "/nginx.pid;"},
		{"listen 80 ", "listen 127.0.0.1:" + freePort(t) + " "},
		{"listen 443 ", "listen 127.0.0.1:" + freePort(t) + " "},
		{"server keystone-1:8080 ", "server 127.0.0.1:8081 "},
		{"server keystone-2:8080 ", "server 127.0.0.1:8082 "},
		{"server keystone-3:8080 ", "server 127.0.0.1:8083 "},
	} {
		if strings.Count(text, change[0]) != 1 {
			t.Fatalf("nginx.conf has %q %d times", change[0], strings.Count(text, change[0]))
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	writeCertificate(t, dir)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nginx, "-t", "-q", "-p", dir, "-e", dir+"/error.log", "-c", file)
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if closing := listener.Close(); err != nil || closing != nil {
		t.Fatal(err, closing)
	}
	return port
}

func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"id.example.com"}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "certificates"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: certificate}, "tls.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, "certificates", name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
