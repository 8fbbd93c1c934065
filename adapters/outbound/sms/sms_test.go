package sms

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

func text() outbound.Text {
	return outbound.Text{ID: given.ID().String(), To: "+4312345678", Code: domain.NewSecret("123456")}
}

func TestGatewayPostsAsTwilioTakesIt(t *testing.T) {
	var form map[string][]string
	var account, password, path string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		form, path = r.PostForm, r.URL.String()
		account, password, _ = r.BasicAuth()
		w.WriteHeader(http.StatusCreated)
	}))
	defer server.Close()
	gateway, err := NewGateway(domain.NewSecret(strings.Replace(server.URL, "//", "//AC1:s%3Acret@", 1)+"/Messages.json?From=%2B15550100&To=%2B1"), "id.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := gateway.Send(t.Context(), text()); err != nil {
			t.Fatal(err)
		}
		if path != "/Messages.json" || account != "AC1" || password != "s:cret" {
			t.Errorf("sent to %s as %s", path, account)
		}
		if len(form["To"]) != 1 || form["To"][0] != "+4312345678" || len(form["From"]) != 1 || form["From"][0] != "+15550100" ||
			len(form["Body"]) != 1 || !strings.Contains(form["Body"][0], "123456") || !strings.Contains(form["Body"][0], "id.example.com") {
			t.Errorf("form %v", form)
		}
	}
}

func TestGatewayFailsWithoutTelling(t *testing.T) {
	asked := 0
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		http.Error(w, "cannot send 123456 to +4312345678", http.StatusBadRequest)
	}))
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	defer refusing.Close()
	for _, url := range []string{refusing.URL + "/account-id", refusing.URL + "/moved", away.URL + "/account-id"} {
		gateway, err := NewGateway(domain.NewSecret(url), "x")
		if err != nil {
			t.Fatal(err)
		}
		err = gateway.Send(t.Context(), text())
		if domain.AsError(err).Kind != domain.KindUnavailable {
			t.Errorf("%s: %v", url, err)
			continue
		}
		for _, hidden := range []string{"123456", "+4312345678", "account-id"} {
			if strings.Contains(err.Error(), hidden) {
				t.Errorf("the error tells %q: %v", hidden, err)
			}
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times: a redirect must not be followed", asked)
	}
	for _, bad := range []string{"", "https://", "ftp://x.example", "://"} {
		if _, err := NewGateway(domain.NewSecret(bad), "x"); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestFolderKeepsTextsForTheirOwner(t *testing.T) {
	dir, message := filepath.Join(t.TempDir(), "mail"), text()
	if err := NewFolder(dir, "id.example.com").Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "phone_code-"+message.ID+".sms" {
		t.Fatalf("%v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	content, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	if err != nil || !strings.HasPrefix(string(content), "To: +4312345678\n\n123456 ") {
		t.Errorf("%q, %v", content, err)
	}
	if err := NewFolder(filepath.Join(dir, entries[0].Name(), "x"), "x").Send(t.Context(), message); domain.AsError(err).Kind != domain.KindUnavailable {
		t.Errorf("a folder that can't be: %v", err)
	}
}
