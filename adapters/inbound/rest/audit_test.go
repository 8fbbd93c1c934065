package rest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

const auditPath = "/api/v1/admin/audit"

const auditItem = `{"id":"` + alice + `","type":"user.login_failed","outcome":"failure","reason":"bad_credentials",` +
	`"actor":{"type":"user","id":"` + alice + `","name":"alice"},"subject":{"type":"system","id":"keystone","name":null},` +
	`"address":"192.0.2.1","user_agent":null,"request_id":null,"occurred_at":"2026-03-01T12:00:00Z"}`

func TestAudit(t *testing.T) {
	listed, exported := []string{"list audit"}, []string{"export audit"}
	h := []string{full}
	broken := func(p *ports) {
		p.trail = func(context.Context, domain.AuditFilter, domain.Page) (domain.Listing[domain.AuditRecord], error) {
			return domain.Listing[domain.AuditRecord]{}, errors.New("a table burned")
		}
	}
	query := "?type=user.login_failed&actor=a&subject=s&outcome=failure&from=2026-01-01T02:00:00%2B02:00&to=2027-01-01T00:00:00Z"
	run(t, []exampleCase{
		{name: "a page", method: "GET", path: auditPath, headers: h, status: 200, calls: listed, answered: []string{"Cache-Control: no-store"},
			exactly: `{"items":[` + auditItem + `],"next_cursor":"` + cursor(auditList, "1.2") + `"}`},
		{name: "filters arrive", method: "GET", path: auditPath + query + "&limit=7&cursor=" + cursor(auditList, "1.2"), headers: h, status: 200, calls: listed,
			given: func(p *ports) {
				p.trail = func(_ context.Context, f domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
					want := domain.AuditFilter{Type: "user.login_failed", Actor: "a", Subject: "s", Outcome: domain.Failed,
						From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
					if f != want || page != (domain.Page{Limit: 7, After: "1.2"}) {
						return domain.Listing[domain.AuditRecord]{}, errors.New("arrived otherwise")
					}
					return domain.Listing[domain.AuditRecord]{}, nil
				}
			}, exactly: `{"items":[],"next_cursor":null}`},
		{name: "another outcome", method: "GET", path: auditPath + "?outcome=maybe", headers: h, status: 422, has: []string{`"field":"outcome"`}, hasNot: []string{"maybe"}},
		{name: "no time", method: "GET", path: auditPath + "?from=yesterday", headers: h, status: 422, has: []string{`"field":"from"`}},
		{name: "before all time", method: "GET", path: auditPath + "?to=0001-01-01T00:00:00Z", headers: h, status: 422, has: []string{`"field":"to"`}},
		{name: "given twice", method: "GET", path: auditPath + "?type=a&type=b", headers: h, status: 422, has: []string{`"field":"type"`}},
		{name: "limit", method: "GET", path: auditPath + "?limit=101", headers: h, status: 422, has: []string{`"field":"limit"`}},
		{name: "cursor of another list", method: "GET", path: auditPath + "?cursor=" + cursor("other", "1.2"), headers: h, status: 422, has: []string{`"field":"cursor"`}},
		{name: "no scope", method: "GET", path: auditPath, headers: []string{bare}, status: 403, has: []string{`"insufficient_scope"`}},
		{name: "export", method: "GET", path: auditPath + "/export", headers: h, status: 200, calls: exported, exactly: auditItem + "\n",
			answered: []string{"Content-Type: application/x-ndjson", "Cache-Control: no-store"}},
		{name: "export HEAD reads nothing", method: "HEAD", path: auditPath + "/export", headers: h, status: 200, answered: []string{"Content-Type: application/x-ndjson"}},
		{name: "export of nothing", method: "GET", path: auditPath + "/export", headers: h, status: 200, calls: exported, answered: []string{"Content-Type: application/x-ndjson"},
			given: func(p *ports) {
				p.trail = func(context.Context, domain.AuditFilter, domain.Page) (domain.Listing[domain.AuditRecord], error) {
					return domain.Listing[domain.AuditRecord]{}, nil
				}
			}},
		{name: "export filters", method: "GET", path: auditPath + "/export?outcome=maybe", headers: h, status: 422},
		{name: "export without scope", method: "GET", path: auditPath + "/export", headers: []string{bare}, status: 403},
		{name: "a fault", method: "GET", path: auditPath, headers: h, status: 500, calls: listed, given: broken, hasNot: []string{"burned"}},
	})
}

// TestAnExportThatFailsHalfwayIsCut: a client must not take what it has for
// all there is.
func TestAnExportThatFailsHalfwayIsCut(t *testing.T) {
	p := obliging()
	whole := p.trail
	p.trail = func(ctx context.Context, f domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
		found, _ := whole(ctx, f, page)
		return found, errors.New("a table burned")
	}
	s, logs := serve(t, p, configured())
	r := httptest.NewRequest(http.MethodGet, auditPath+"/export", nil)
	r.Header.Set("Authorization", "Bearer "+fullToken)
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("got %v", v)
			}
		}()
		ask(s, r)
	}()
	if entries := logs.All(); len(entries) != 1 || !strings.Contains(entries[0].ContextMap()["error"].(string), "burned") {
		t.Errorf("logged %v", entries)
	}
}
