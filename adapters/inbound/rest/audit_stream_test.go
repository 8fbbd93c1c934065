package rest

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// parts is a trail that comes in so many parts of the size that an export has.
type parts struct {
	inbound.AuditTrail
	count  int
	before func(part int) error // the part is handed over
}

const partSize = 500

func (p parts) Export(_ context.Context, _ inbound.Caller, _ domain.AuditFilter, each func([]domain.AuditRecord) error) error {
	for i := range p.count {
		if err := p.before(i); err != nil {
			return err
		}
		records := make([]domain.AuditRecord, partSize)
		for n := range records {
			records[n] = domain.AuditRecord{ID: uuidOf(alice), Event: domain.Event{Type: domain.EventLoginFailed, Reason: strings.Repeat("x", 100), OccurredAt: noon}}
		}
		if err := each(records); err != nil {
			return err
		}
	}
	return nil
}

// tickingClock is for connections, whose deadlines are real.
type tickingClock struct{ fixedClock }

func (tickingClock) Now() time.Time { return time.Now() }

// export opens the trail over a connection and gives its lines as they come.
func export(t *testing.T, trail parts) *bufio.Scanner {
	t.Helper()
	config := configured()
	config.Clock = tickingClock{}
	s, _ := serve(t, obliging(), config)
	s.use.Audit = trail
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+auditPath+"/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+fullToken)
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	return bufio.NewScanner(answer.Body)
}

// TestAnExportArrivesWhileItIsRead: the second part is not asked for before the
// reader has most of the first.
func TestAnExportArrivesWhileItIsRead(t *testing.T) {
	arrived := make(chan struct{})
	lines := export(t, parts{count: 2, before: func(part int) error {
		if part == 0 {
			return nil
		}
		select {
		case <-arrived:
			return nil
		case <-time.After(time.Minute):
			return errors.New("the first part was held back")
		}
	}})
	read := 0
	for lines.Scan() {
		if read++; read == partSize*9/10 { // the rest may be in a buffer
			close(arrived)
		}
	}
	if read != 2*partSize || lines.Err() != nil {
		t.Errorf("%d lines came: %v", read, lines.Err())
	}
}

// TestAnExportOfAnySizeTakesLittleMemory exports tens of megabytes and looks at what
// is held on the way, garbage aside.
func TestAnExportOfAnySizeTakesLittleMemory(t *testing.T) {
	const count, allowed = 200, 4 << 20
	var least, most uint64
	lines := export(t, parts{count: count, before: func(part int) error {
		if part%20 != 1 {
			return nil
		}
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		if part == 1 {
			least = now.HeapAlloc
		}
		most = max(most, now.HeapAlloc)
		return nil
	}})
	read, size := 0, 0
	for lines.Scan() {
		read++
		size += len(lines.Bytes())
	}
	if read != count*partSize || size < 8*allowed || lines.Err() != nil {
		t.Fatalf("%d lines of %d bytes came: %v", read, size, lines.Err())
	}
	if most > least+allowed {
		t.Errorf("%d bytes were held after the first part, and up to %d later", least, most)
	}
}
