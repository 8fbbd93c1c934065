package bootstrap

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// keyPair is a certificate and its key in two files, which whoever renews them
// replaces while the process runs.
type keyPair struct {
	certFile, keyFile string
	logger            *zap.Logger

	mu      sync.Mutex
	current *tls.Certificate
	tried   [2]stamp // of the files as they were last read, good or bad
}

// stamp tells one content of a file from the next.
type stamp struct {
	modified time.Time
	size     int64
}

func newKeyPair(certFile, keyFile string, logger *zap.Logger) (*keyPair, error) {
	k := &keyPair{certFile: certFile, keyFile: keyFile, logger: logger, tried: [2]stamp{stampOf(certFile), stampOf(keyFile)}}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	k.current = &pair
	return k, err
}

// get gives the pair for a handshake. A new pair that can't be used leaves the
// old one in force and is logged once; between the writing of the two files
// they don't match, and the second write is noticed as the first was.
func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	// Stamped before it is read: what is written meanwhile is read next time.
	now := [2]stamp{stampOf(k.certFile), stampOf(k.keyFile)}
	if now == k.tried {
		return k.current, nil
	}
	k.tried = now
	pair, err := tls.LoadX509KeyPair(k.certFile, k.keyFile)
	if err != nil {
		k.logger.Error("the new TLS certificate can't be used; the old one stays", zap.Error(err))
		return k.current, nil
	}
	k.current = &pair
	k.logger.Info("a new TLS certificate is in force", zap.Time("expires", pair.Leaf.NotAfter))
	return k.current, nil
}

// stampOf gives the zero stamp for a file that can't be seen.
func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime().UTC(), info.Size()}
}
