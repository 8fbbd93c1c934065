package rest

import (
	"context"
	"errors"
	"testing"
	"time"
)

type anyKey struct{}

func TestPatienceEndsWhoWaits(t *testing.T) {
	p := &patience{Context: t.Context(), limit: time.Millisecond}
	if err := p.Err(); err != nil {
		t.Fatalf("before anyone waits: %v", err)
	}
	derived, cancel := context.WithCancel(context.WithValue(p, anyKey{}, 1))
	defer cancel()
	<-derived.Done()
	if !errors.Is(derived.Err(), context.DeadlineExceeded) || !errors.Is(p.Err(), context.DeadlineExceeded) {
		t.Errorf("derived: %v; itself: %v", derived.Err(), p.Err())
	}
}

func TestPatienceBeginsWithTheFirstWhoWaits(t *testing.T) {
	p := &patience{Context: context.WithValue(t.Context(), anyKey{}, "kept"), limit: time.Nanosecond}
	if p.Value(anyKey{}) != "kept" || p.Err() != nil || p.timed.Load() != nil {
		t.Error("looking at it began its limit")
	}
	if at, limited := p.Deadline(); !limited || at.IsZero() {
		t.Error("no deadline is told")
	}
	<-p.Done()
	if p.Value(anyKey{}) != "kept" {
		t.Error("its values are gone with its timer")
	}
}

func TestPatienceEnds(t *testing.T) {
	connection, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	left, ended, never := &patience{Context: connection, limit: time.Hour}, &patience{Context: t.Context(), limit: time.Hour}, &patience{Context: connection, limit: time.Hour}
	waitsFor, waits := left.Done(), ended.Done()
	hangUp()
	<-waitsFor
	ended.end()
	<-waits
	never.end()
	for name, p := range map[string]*patience{"the client left": left, "the request ended": ended, "nobody waited": never} {
		if !errors.Is(p.Err(), context.Canceled) {
			t.Errorf("%s: %v", name, p.Err())
		}
	}
}

func TestPatienceWithoutALimit(t *testing.T) {
	x := &exchange{}
	p := &patience{Context: t.Context(), exchange: x}
	if _, limited := p.Deadline(); limited {
		t.Error("what streams has a deadline")
	}
	p.end()
	if p.Err() != nil {
		t.Error("the end of a request that streams ended its connection")
	}
	if found, _ := context.WithValue(p, anyKey{}, 1).Value(exchangeKey{}).(*exchange); found != x {
		t.Error("the exchange is not found")
	}
}
