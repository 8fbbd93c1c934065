package bootstrap

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/system"
)

// What was let in is served before the listener is closed; what comes later is
// not let in.
func TestRefuseNewcomers(t *testing.T) {
	listener, err := open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // it is closed below, unless the test failed
	address := listener.Addr().String()
	const early = 3
	for range early {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = connection.Close() }() // its other end is gone
	}
	alone := make(chan error, 1)
	go func() { alone <- refuseNewcomers(t.Context(), listener, system.NewClock()) }()
	time.Sleep(2 * handshake)
	var left net.Error
	if _, err := net.DialTimeout("tcp", address, 300*time.Millisecond); !errors.As(err, &left) || !left.Timeout() {
		t.Errorf("a newcomer got %v, want to be left waiting", err)
	}
	for range early {
		select {
		case err := <-alone:
			t.Fatalf("returned %v while connections were waiting", err)
		default:
		}
		connection, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-alone; err != nil {
		t.Error(err)
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
}
