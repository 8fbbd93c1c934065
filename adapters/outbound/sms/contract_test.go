package sms

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/contract"
)

func TestContract(t *testing.T) {
	t.Run("a gateway", func(t *testing.T) {
		contract.RunTexter(t, func(t *testing.T) contract.Texter {
			var mu sync.Mutex
			var got []contract.DeliveredText
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, contract.DeliveredText{To: r.PostFormValue("To"), Body: r.PostFormValue("Body")})
			}))
			t.Cleanup(server.Close)
			return contract.Texter{Texter: gateway(t, server.URL), Away: gateway(t, "http://127.0.0.1:1"), Delivered: func() []contract.DeliveredText {
				mu.Lock()
				defer mu.Unlock()
				return append([]contract.DeliveredText(nil), got...)
			}}
		})
	})
	t.Run("a folder", func(t *testing.T) {
		contract.RunTexter(t, func(t *testing.T) contract.Texter {
			dir, file := filepath.Join(t.TempDir(), "texts"), filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return contract.Texter{
				Texter: NewFolder(dir, "id.example.com"), Away: NewFolder(filepath.Join(file, "below"), "id.example.com"),
				Delivered: func() []contract.DeliveredText { return filed(t, dir) },
			}
		})
	})
}

func gateway(t *testing.T, url string) *Gateway {
	t.Helper()
	g, err := NewGateway(domain.NewSecret(url), "id.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func filed(t *testing.T, dir string) []contract.DeliveredText {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.sms"))
	if err != nil {
		t.Fatal(err)
	}
	var all []contract.DeliveredText
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := strings.Cut(string(content), "\n\n")
		all = append(all, contract.DeliveredText{To: strings.TrimPrefix(head, "To: "), Body: body})
	}
	return all
}
