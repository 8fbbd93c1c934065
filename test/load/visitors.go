package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/keystone-auth/keystone/test/load/ceiling"
	"github.com/keystone-auth/keystone/test/load/fire"
	"github.com/keystone-auth/keystone/test/load/seed"
)

func always(m fire.Message) func(context.Context, *deployment) (fire.Message, error) {
	return func(context.Context, *deployment) (fire.Message, error) { return m, nil }
}

func me(ctx context.Context, d *deployment) (fire.Message, error) {
	g, err := d.loginNext(ctx)
	return fire.Message{Path: mePath, Bearer: g.Access}, err
}

func check(ctx context.Context, d *deployment) (fire.Message, error) {
	g, err := d.loginNext(ctx)
	return fire.Message{Path: checkPath, Bearer: g.Access, JSON: `{"resource":"profile","action":"read"}`}, err
}

func clientCredentials(_ context.Context, d *deployment) (fire.Message, error) {
	return fire.Message{Path: tokenPath, Basic: d.app, Form: url.Values{"grant_type": {"client_credentials"}}}, nil
}

func introspectOne(ctx context.Context, d *deployment) (fire.Message, error) {
	token, err := d.clientToken(ctx, d.app)
	return introspection(d, token), err
}

func introspection(d *deployment, token string) fire.Message {
	return fire.Message{Path: introspectPath, Basic: d.guard, Form: url.Values{"token": {token}}}
}

// manyTokens is how many different ones the second introspection scenario has.
const manyTokens = 10_000

func introspectMany(ctx context.Context, d *deployment, n int) ([]fire.Visitor, error) {
	requests := make([][]byte, manyTokens)
	for i := range requests {
		token, err := d.clientToken(ctx, d.app)
		if err != nil {
			return nil, err
		}
		requests[i] = introspection(d, token).Bytes()
	}
	visitors := make([]fire.Visitor, n)
	for i := range visitors {
		same := &fire.Same{Requests: requests, Status: http.StatusOK, Contains: []byte(`"active":true`)}
		visitors[i] = same.Start(i * manyTokens / n)
	}
	return visitors, nil
}

func all(n int, m fire.Message, contains string) []fire.Visitor {
	visitors := make([]fire.Visitor, n)
	for i := range visitors {
		visitors[i] = &fire.Same{Requests: [][]byte{m.Bytes()}, Status: http.StatusOK, Contains: []byte(contains)}
	}
	return visitors
}

func refreshForm(token string) fire.Message {
	return fire.Message{Path: tokenPath, Form: url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}}
}

// refreshOnce is of a session of its own: its token is spent when it is asked.
func refreshOnce(ctx context.Context, d *deployment) (fire.Message, error) {
	g, err := d.loginNext(ctx)
	return refreshForm(g.Refresh), err
}

// refresher keeps the chains of some users going, one after another.
type refresher struct {
	chains []*string
	at     int
}

// refreshUsers is how many users refresh, spread over all of them: many, and few
// enough that each comes again while what is known of it is still in memory.
const refreshUsers = 1000

// refreshChains divides the users among n clients.
func refreshChains(_ context.Context, d *deployment, n int) ([]fire.Visitor, error) {
	if len(d.refresh) < n {
		return nil, fmt.Errorf("%d users are too few for %d clients", len(d.refresh), n)
	}
	refreshers := make([]fire.Visitor, n)
	apart := max(1, len(d.refresh)/refreshUsers)
	for i := range refreshers {
		r := &refresher{}
		for user := i * apart; user < len(d.refresh); user += n * apart {
			r.chains = append(r.chains, &d.refresh[user])
		}
		refreshers[i] = r
	}
	return refreshers, nil
}

// Request implements fire.Visitor.
func (r *refresher) Request(buffer []byte) []byte {
	r.at = (r.at + 1) % len(r.chains)
	return fire.AppendForm(buffer, tokenPath, "grant_type=refresh_token&refresh_token=", *r.chains[r.at])
}

// Answer implements fire.Visitor.
func (r *refresher) Answer(status int, body []byte) (time.Duration, error) {
	if err := fire.Expect(status, http.StatusOK, body, nil); err != nil {
		return 0, err
	}
	next := fire.Member(body, "refresh_token")
	if next == nil {
		return 0, fmt.Errorf("no refresh token in the answer: %s", body)
	}
	*r.chains[r.at] = string(next)
	return 0, nil
}

func loginForm(n int) url.Values {
	return url.Values{"grant_type": {"password"}, "username": {seed.Username(n)}, "password": {ceiling.Password}}
}

func loginOnce(_ context.Context, d *deployment) (fire.Message, error) {
	return fire.Message{Path: tokenPath, Form: loginForm(d.another())}, nil
}

// loginVisitor logs in as one user after another.
type loginVisitor struct{ d *deployment }

func logins(_ context.Context, d *deployment, n int) ([]fire.Visitor, error) {
	visitors := make([]fire.Visitor, n)
	for i := range visitors {
		visitors[i] = &loginVisitor{d}
	}
	return visitors, nil
}

// Request implements fire.Visitor.
func (l *loginVisitor) Request(buffer []byte) []byte {
	return append(buffer, fire.Message{Path: tokenPath, Form: loginForm(l.d.another())}.Bytes()...)
}

// Answer implements fire.Visitor.
func (l *loginVisitor) Answer(status int, body []byte) (time.Duration, error) {
	return 0, fire.Expect(status, http.StatusOK, body, []byte(`"refresh_token"`))
}
