package bootstrap

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/keystone-auth/keystone/bootstrap/config"
)

// writePair makes a certificate for 127.0.0.1 with the serial number, and
// leaves the files as if they had been written at the time.
func writePair(t *testing.T, certFile, keyFile string, serial int64, at time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "keystone"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), BasicConstraintsValid: true, IsCA: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeAt(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), at)
	writeAt(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), at)
}

func writeAt(t *testing.T, path string, content []byte, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestTheCertificateIsReloaded(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, cert, key, 1, time.Unix(1, 0))
	core, logged := observer.New(zap.ErrorLevel)
	app, _ := start(t, embedded(t, "KEYSTONE_TLS_CERT_FILE="+cert, "KEYSTONE_TLS_KEY_FILE="+key), WithLogger(zap.New(core)))
	serial := func(version uint16) int64 {
		t.Helper()
		client, err := tls.Dial("tcp", app.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: version, MinVersion: version, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		return client.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(tls.VersionTLS12); got != 1 {
		t.Errorf("at the start: serial %d", got)
	}
	writePair(t, cert, key, 2, time.Unix(2, 0))
	if got := serial(tls.VersionTLS13); got != 2 {
		t.Errorf("after a renewal: serial %d", got)
	}
	writeAt(t, cert, []byte("half a certif"), time.Unix(3, 0))
	for range 3 {
		if got := serial(tls.VersionTLS13); got != 2 {
			t.Errorf("with a broken file: serial %d", got)
		}
	}
	if n := logged.FilterMessageSnippet("can't be used").Len(); n != 1 {
		t.Errorf("the broken file was logged %d times", n)
	}
	writePair(t, cert, key, 4, time.Unix(4, 0))
	if got := serial(tls.VersionTLS13); got != 4 {
		t.Errorf("after the repair: serial %d", got)
	}
	if old, err := tls.Dial("tcp", app.Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		_ = old.Close()
		t.Error("TLS 1.1 was spoken")
	}
}

func TestTLSFilesAreChecked(t *testing.T) {
	dir := t.TempDir()
	cert, key, other := filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key"), filepath.Join(dir, "b.key")
	writePair(t, filepath.Join(dir, "b.crt"), other, 2, time.Unix(1, 0))
	writePair(t, cert, key, 1, time.Unix(1, 0))
	for name, tc := range map[string]struct{ cert, key, want string }{
		"a pair":         {cert, key, ""},
		"no key":         {cert, "", "KEYSTONE_TLS_KEY_FILE is required with KEYSTONE_TLS_CERT_FILE"},
		"no certificate": {"", key, "KEYSTONE_TLS_CERT_FILE is required with KEYSTONE_TLS_KEY_FILE"},
		"absent":         {filepath.Join(dir, "none"), key, "KEYSTONE_TLS_CERT_FILE names a file that can't be read"},
		"another's key":  {cert, other, "KEYSTONE_TLS_CERT_FILE must hold a PEM certificate that goes with the PEM key in KEYSTONE_TLS_KEY_FILE"},
	} {
		_, err := config.Load("", []string{"KEYSTONE_TLS_CERT_FILE=" + tc.cert, "KEYSTONE_TLS_KEY_FILE=" + tc.key})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
