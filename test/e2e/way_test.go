package e2e

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// way is a road to a TCP server that can be closed.
type way struct {
	url, target, address string

	mu       sync.Mutex
	listener net.Listener
	traffic  []net.Conn
}

func newWay(t *testing.T, to string) *way {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal("the database's URL can't be read") // it may hold a password
	}
	w := &way{target: u.Host, address: freeAddress(t)}
	w.url = strings.Replace(to, u.Host, w.address, 1)
	w.open(t)
	t.Cleanup(w.close)
	return w
}

func (w *way) open(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.listener = listener
	w.mu.Unlock()
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return // closed
			}
			to, err := net.Dial("tcp", w.target)
			if err != nil {
				_ = from.Close() // the caller notices
				continue
			}
			w.carry(from, to)
		}
	}()
}

// carry passes bytes both ways until either end, or the way, is closed.
func (w *way) carry(from, to net.Conn) {
	w.mu.Lock()
	w.traffic = append(w.traffic, from, to)
	w.mu.Unlock()
	pass := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src) // either end may vanish: that is what this is for
		_ = dst.Close()
		_ = src.Close()
	}
	go pass(from, to)
	go pass(to, from)
}

// close refuses new connections and cuts those there are.
func (w *way) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.listener.Close() // may be closed already
	for _, end := range w.traffic {
		_ = end.Close()
	}
	w.traffic = nil
}
