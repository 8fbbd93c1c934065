package operations

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// trail has so many records, told by their index.
type trail struct {
	outbound.AuditLog
	records int
	largest int
	err     error
}

func (l *trail) Find(_ context.Context, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
	start, _ := strconv.Atoi(page.After)
	var found domain.Listing[domain.AuditRecord]
	for i := start; i < l.records && len(found.Items) < page.Limit; i++ {
		found.Items = append(found.Items, domain.AuditRecord{Event: domain.Event{Type: filter.Type, Reason: strconv.Itoa(i)}})
	}
	l.largest = max(l.largest, len(found.Items))
	if end := start + len(found.Items); end < l.records {
		found.Next = strconv.Itoa(end)
	}
	return found, l.err
}

func holder(names ...scope.Name) inbound.Caller {
	return inbound.Caller{Scopes: scope.NewSet(names...)}
}

func TestAuditNeedsItsScope(t *testing.T) {
	a := NewAudit(&trail{records: 1})
	for _, caller := range []inbound.Caller{holder(), holder(scope.ReadUsers, scope.AdminUsers)} {
		_, err := a.List(t.Context(), caller, domain.AuditFilter{}, domain.Page{Limit: 1})
		wantCode(t, err, domain.CodeInsufficientScope)
		wantCode(t, a.Export(t.Context(), caller, domain.AuditFilter{}, nil), domain.CodeInsufficientScope)
	}
	found, err := a.List(t.Context(), holder(scope.ReadAudit), domain.AuditFilter{Type: "x"}, domain.Page{Limit: 1})
	if err != nil || len(found.Items) != 1 || found.Items[0].Type != "x" {
		t.Errorf("got %v, %v", found, err)
	}
}

func wantCode(t *testing.T, err error, code domain.Code) {
	t.Helper()
	if !domain.HasCode(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestExportHandsOverAllInBoundedParts(t *testing.T) {
	for _, records := range []int{0, 1, exportPage, exportPage + 1, 3*exportPage + 7} {
		log := &trail{records: records}
		next, parts := 0, 0
		err := NewAudit(log).Export(t.Context(), holder(scope.ReadAudit), domain.AuditFilter{}, func(part []domain.AuditRecord) error {
			parts++
			for _, r := range part {
				if r.Reason != strconv.Itoa(next) {
					t.Fatalf("record %s, want %d", r.Reason, next)
				}
				next++
			}
			return nil
		})
		if err != nil || next != records || parts == 0 || log.largest > exportPage {
			t.Errorf("%d records: %d came in %d parts, at most %d at once: %v", records, next, parts, log.largest, err)
		}
	}
}

func TestExportEndsWithAnError(t *testing.T) {
	full := errors.New("no space left")
	err := NewAudit(&trail{records: 5000}).Export(t.Context(), holder(scope.ReadAudit), domain.AuditFilter{}, func([]domain.AuditRecord) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	err = NewAudit(&trail{err: full}).Export(t.Context(), holder(scope.ReadAudit), domain.AuditFilter{}, func([]domain.AuditRecord) error {
		t.Error("handed over what was not found")
		return nil
	})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
