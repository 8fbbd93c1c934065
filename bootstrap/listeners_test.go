package bootstrap

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestADrainingInstanceAsksItsClientsToLeave(t *testing.T) {
	app, _ := start(t, embedded(t))
	closes := func() bool {
		answer, err := http.Get("http://" + app.Addr().String() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.Close
	}
	if closes() {
		t.Error("a serving instance closes connections")
	}
	app.parts.health.Drain()
	if !closes() {
		t.Error("a draining instance keeps its connections")
	}
}

func TestASlowExchangeDoesNotFailTheStop(t *testing.T) {
	entered := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}))
	answered := make(chan error, 1)
	go func() {
		answer, err := http.Get(server.URL)
		if err == nil {
			_ = answer.Body.Close()
		}
		answered <- err
	}()
	<-entered
	expired, cancel := context.WithCancel(t.Context())
	cancel()
	if err := shut(expired, server.Config, zap.NewNop()); err != nil {
		t.Errorf("got %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the exchange was not cut")
	}
	server.Close()
}

func TestAnAddressThatIsTakenIsToldByItsVariable(t *testing.T) {
	taken, _ := start(t, embedded(t))
	for _, variable := range []string{"KEYSTONE_HTTP_ADDR", "KEYSTONE_OPS_ADDR"} {
		app, err := New(embedded(t, variable+"="+taken.Addr().String()), WithLogger(zap.NewNop()), WithNotices(io.Discard))
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(t.Context()); err == nil || !strings.HasPrefix(err.Error(), variable+" can't be served: ") {
			t.Errorf("%s: %v", variable, err)
		}
		_ = app.Stop(context.Background())
	}
}
