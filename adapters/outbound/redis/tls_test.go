package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/domain"
)

// authority signs certificates of a test's own and keeps them as files.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test's own authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

// issue makes <name>.pem and <name>.key, good for 127.0.0.1 and as a client.
func (a *authority) issue(t *testing.T, name string) (cert, key string) {
	t.Helper()
	mine := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &mine.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(mine)
	if err != nil {
		t.Fatal(err)
	}
	return a.write(t, name+".pem", "CERTIFICATE", der), a.write(t, name+".key", "PRIVATE KEY", encoded)
}

func (a *authority) file() string { return filepath.Join(a.dir, "ca.pem") }

func (a *authority) write(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestTLS: an authority of one's own, and a certificate shown to a server that
// asks for one, as Redis does unless it is told otherwise.
func TestTLS(t *testing.T) {
	ca, port := newAuthority(t), freePort(t)
	cert, key := ca.issue(t, "server")
	start(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca.file())
	shown, its := ca.issue(t, "client")
	address := fmt.Sprintf("rediss://127.0.0.1:%d?", port)

	trusting := url.Values{"tls_ca_file": {ca.file()}, "tls_cert_file": {shown}, "tls_key_file": {its}}
	bus := openBus(t, address+trusting.Encode(), "p:")
	e := listen(t, bus)
	e.awaitLife(t)
	exchange(t, bus, e, "over TLS")

	for name, query := range map[string]url.Values{
		"an authority that nobody vouched for": {"tls_cert_file": {shown}, "tls_key_file": {its}},
		"no certificate to show":               {"tls_ca_file": {ca.file()}},
		"another authority":                    {"tls_ca_file": {newAuthority(t).file()}, "tls_cert_file": {shown}, "tls_key_file": {its}},
	} {
		if err := redis.NewProbe(open(t, address+query.Encode(), "p:")).Ping(t.Context()); domain.AsError(err).Kind != domain.KindUnavailable {
			t.Errorf("with %s: %v, want unavailable", name, err)
		}
	}
}

// leastRights are those that the guide gives Keystone's user, with the prefix p:.
func leastRights(t *testing.T) string {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "deployment.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, line, found := strings.Cut(string(guide), "\nuser keystone on >password ")
	rights, _, whole := strings.Cut(line, "\n")
	if !found || !whole || !strings.HasPrefix(rights, "~keystone:* &keystone:* -@all +") {
		t.Fatalf("docs/deployment.md gives the rights %q", rights)
	}
	return strings.ReplaceAll(rights, "keystone:", "p:")
}

// TestLeastRights: a user that may touch nothing but Keystone's own keys and
// channels is enough for all that Keystone does.
func TestLeastRights(t *testing.T) {
	file := filepath.Join(t.TempDir(), "redis.conf")
	if err := os.WriteFile(file, []byte("user default off\nuser keystone on >p@ss/word "+leastRights(t)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, file)
	client := open(t, "redis://keystone:p%40ss%2Fword@"+s.address(), "p:")
	bus := redis.NewSignalBus(client, clock, random)
	e := listen(t, bus)
	e.awaitLife(t)
	exchange(t, bus, e, "as keystone")
	limiter := redis.NewLimiter(client, clock)
	for _, count := range []int{1, 5000} {
		limit := domain.Limit{Name: domain.LimitLoginIP, Count: count, Window: time.Minute}
		reservation, err := limiter.Reserve(t.Context(), limit, "key")
		if err != nil {
			t.Fatalf("Reserve of %d: %v", count, err)
		}
		if err := reservation.GiveBack(t.Context()); err != nil {
			t.Errorf("GiveBack of %d: %v", count, err)
		}
	}
	if err := redis.NewProbe(open(t, "redis://keystone:another@"+s.address(), "p:")).Ping(t.Context()); domain.AsError(err).Kind != domain.KindUnavailable {
		t.Errorf("with a wrong password: %v, want unavailable", err)
	}
	if err := redis.NewSignalBus(open(t, "redis://keystone:p%40ss%2Fword@"+s.address(), "q:"), clock, random).Publish(t.Context(), signal("x")); err == nil {
		t.Error("another prefix was allowed")
	}
}
