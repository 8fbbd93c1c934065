package tokens

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
)

// Registry holds every unexpired revocation in memory, so that asking costs no
// round trip and an emptied or frozen cache changes nothing. Its size is
// bounded by the lifetime of access tokens.
type Registry struct {
	mu    sync.RWMutex
	ended map[ending]token.Signal
	size  atomic.Int64
}

type ending struct {
	kind token.SignalKind
	id   string
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry { return &Registry{ended: map[ending]token.Signal{}} }

// Apply takes a revocation in; other signals are none of its business. Taking
// one in twice changes nothing; a later Before or expiry wins.
func (r *Registry) Apply(s token.Signal) {
	switch s.Kind {
	case token.SignalTokenRevoked, token.SignalSessionEnded, token.SignalUserRevoked, token.SignalClientRevoked:
	default:
		return
	}
	key := ending{s.Kind, s.ID}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.ended[key]; ok {
		if known.Before.After(s.Before) {
			s.Before = known.Before
		}
		if known.ExpiresAt.After(s.ExpiresAt) {
			s.ExpiresAt = known.ExpiresAt
		}
	}
	r.ended[key] = s
	r.size.Store(int64(len(r.ended)))
}

// Ended tells whether the token, its session, user or client was ended.
func (r *Registry) Ended(c token.AccessClaims) bool {
	if r.size.Load() == 0 {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if _, ok := r.ended[ending{token.SignalTokenRevoked, c.ID}]; ok {
		return true
	}
	if c.IsUser() {
		if _, ok := r.ended[ending{token.SignalSessionEnded, c.SessionID}]; ok {
			return true
		}
		if s, ok := r.ended[ending{token.SignalUserRevoked, c.Subject}]; ok && s.Ends(c, issuedAt(c)) {
			return true
		}
	}
	if s, ok := r.ended[ending{token.SignalClientRevoked, c.ClientID}]; ok && s.Ends(c, issuedAt(c)) {
		return true
	}
	return len(c.Sources) > 0 && r.sourceEnded(c)
}

// sourceEnded tells whether a token was ended that this one was made from, with
// its session, its user or its client, or by itself.
func (r *Registry) sourceEnded(c token.AccessClaims) bool {
	for _, source := range c.Sources {
		if _, ok := r.ended[ending{token.SignalTokenRevoked, source.ID}]; ok {
			return true
		}
		if _, ok := r.ended[ending{token.SignalSessionEnded, source.SessionID}]; ok {
			return true
		}
		// It was of the same user where it was of the same session.
		if c.IsUser() && source.SessionID == c.SessionID {
			hers := token.AccessClaims{ID: source.ID, Subject: c.Subject, SessionID: source.SessionID}
			if s, ok := r.ended[ending{token.SignalUserRevoked, c.Subject}]; ok && s.Ends(hers, issuedAt(hers)) {
				return true
			}
		}
		made := token.AccessClaims{ID: source.ID, ClientID: source.ClientID}
		if s, ok := r.ended[ending{token.SignalClientRevoked, source.ClientID}]; ok && s.Ends(made, issuedAt(made)) {
			return true
		}
	}
	return false
}

// issuedAt reads the millisecond of issue from the jti; a jti that tells none
// counts as old, so that a revocation by time ends it.
func issuedAt(c token.AccessClaims) time.Time {
	id, err := domain.ParseID(c.ID)
	if err != nil || id.Version() != 7 {
		return time.Time{}
	}
	return millisecond(id)
}

func millisecond(id domain.ID) time.Time {
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC()
}

// Forget drops what expired: the tokens concerned are dead anyway.
func (r *Registry) Forget(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, s := range r.ended {
		if !now.Before(s.ExpiresAt) {
			delete(r.ended, key)
		}
	}
	r.size.Store(int64(len(r.ended)))
}

// Size tells how many revocations are held.
func (r *Registry) Size() int { return int(r.size.Load()) }
