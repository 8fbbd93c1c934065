package rest

import (
	"context"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

type statisticsPort struct{ p *ports }

func (s statisticsPort) Statistics(context.Context, inbound.Caller) (domain.Statistics, error) {
	s.p.called("statistics")
	return domain.Statistics{Users: 3, ActiveUsers: 2, Sessions: 5, Hours: []domain.LoginsInHour{{Start: noon, Logins: 7, Failures: 1}}}, nil
}

func TestStatistics(t *testing.T) {
	const path = "/api/v1/admin/stats"
	run(t, []exampleCase{
		{name: "counted", method: "GET", path: path, headers: []string{full}, status: 200, calls: []string{"statistics"},
			exactly: `{"users":{"total":3,"active":2},"sessions":{"active":5},"hours":[{"hour":"2026-03-01T12:00:00Z","logins":7,"failures":1}]}`},
		{name: "without scope", method: "GET", path: path, headers: []string{bare}, status: 403, has: []string{"insufficient_scope"}},
		{name: "without token", method: "GET", path: path, status: 401},
	})
}
