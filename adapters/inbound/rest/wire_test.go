package rest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
)

// TestOverTheWire sends raw requests through net/http: what a recorder does
// not show.
func TestOverTheWire(t *testing.T) {
	s, _ := serve(t, obliging(), configured())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewHTTPServer(s.Handler(), "", zap.NewNop())
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})

	for name, tc := range map[string]struct {
		raw    string
		method string
		status int
		empty  bool // no body on the wire
	}{
		"HEAD":                    {"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD", 200, true},
		"OPS-17 HTTP/1.0 no Host": {"GET /healthz HTTP/1.0\r\n\r\n", "GET", 200, false},
		"OPS-17 absolute form":    {"GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", "GET", 200, false},
		"TOK-04 chunked": {"POST " + tokenPath + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"5\r\ngrant\r\n7\r\n_type=x\r\n0\r\n\r\n", "POST", 200, false},
		"a length beyond the limit": {"POST " + tokenPath + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99999999\r\n\r\n", "POST", 413, false},
		"204 on logout":             {"POST /api/v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nAuthorization: Bearer " + fullToken + "\r\n\r\n", "POST", 204, true},
		"200 on revoke":             {"POST " + revokePath + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\ntoken=x", "POST", 200, true},
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			if _, err := io.WriteString(connection, tc.raw); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: tc.method})
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != tc.status || (len(body) == 0) != tc.empty || strings.Contains(string(body), "evil") {
				t.Errorf("%d %q", answer.StatusCode, body)
			}
			if answer.Header.Get("Server") != "" || answer.Header.Get("X-Request-Id") == "" {
				t.Errorf("headers %v", answer.Header)
			}
		})
	}
}
