package main

import (
	"context"
	"net/http"
	"time"

	"github.com/keystone-auth/keystone/test/load/fire"
)

// mixture is one client that does several things: what share of them each is.
type mixture struct {
	parts []fire.Visitor
	turns []int // which part it is, over and over
	at    int
}

// turns are 80 % of the first, 15 % of the second and 5 % of the third.
var turns = []int{0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0}

// Request implements fire.Visitor.
func (m *mixture) Request(buffer []byte) []byte {
	m.at = (m.at + 1) % len(m.turns)
	return m.parts[m.turns[m.at]].Request(buffer)
}

// Answer implements fire.Visitor.
func (m *mixture) Answer(status int, body []byte) (time.Duration, error) {
	return m.parts[m.turns[m.at]].Answer(status, body)
}

func mixtures(n int, parts ...[]fire.Visitor) []fire.Visitor {
	clients := make([]fire.Visitor, n)
	for i := range clients {
		m := &mixture{turns: turns, at: i * len(turns) / n}
		for _, part := range parts {
			m.parts = append(m.parts, part[i])
		}
		clients[i] = m
	}
	return clients
}

func mixed(ctx context.Context, d *deployment, n int) ([]fire.Visitor, error) {
	sample, err := me(ctx, d)
	if err != nil {
		return nil, err
	}
	refreshing, err := refreshChains(ctx, d, n)
	if err != nil {
		return nil, err
	}
	loggingIn, err := logins(ctx, d, n)
	return mixtures(n, all(n, sample, ""), refreshing, loggingIn), err
}

func mixedTop(_ *harness, n int) []fire.Visitor {
	body := loginForm(0)
	return mixtures(n, all(n, fire.Message{Path: "/bare/me"}, ""),
		all(n, fire.Message{Path: "/statement/refresh", Form: body}, ""), all(n, fire.Message{Path: "/hasher", Form: body}, ""))
}

// stormers is how many clients log in at once while others validate.
const stormers = 200

// storm gives those who log in as fast as they can; who is told to come again
// later does so.
func storm(h *harness, d *deployment) (keystone, top []fire.Visitor) {
	clients := min(stormers, h.users/5)
	for range clients {
		keystone = append(keystone, &patient{loginVisitor{d}})
	}
	return keystone, all(clients, fire.Message{Path: "/hasher", Form: loginForm(0)}, "")
}

// patient honours Retry-After, which is a second at the token endpoint.
type patient struct{ loginVisitor }

// Answer implements fire.Visitor.
func (p *patient) Answer(status int, body []byte) (time.Duration, error) {
	if status == http.StatusServiceUnavailable {
		return time.Second, nil
	}
	return p.loginVisitor.Answer(status, body)
}
