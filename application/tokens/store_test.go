package tokens

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// state is what a unit of work sees; a copy of it is a transaction.
type state struct {
	sessions map[domain.ID]token.SessionSnapshot
	refresh  map[token.Digest]token.RefreshSnapshot
	keys     []token.KeySnapshot
	signals  []token.Signal
	events   []domain.Event
}

func (s state) copy() *state {
	return &state{sessions: maps.Clone(s.sessions), refresh: maps.Clone(s.refresh), keys: slices.Clone(s.keys), signals: slices.Clone(s.signals), events: slices.Clone(s.events)}
}

// store is a unit of work over a state: serial, all or nothing.
type store struct {
	mu sync.Mutex
	state
	reruns    int   // how often a conflict makes the work run again
	failWork  error // nothing can be read or written
	failAtEnd error // the commit fails
}

func newStore() *store {
	return &store{state: state{sessions: map[domain.ID]token.SessionSnapshot{}, refresh: map[token.Digest]token.RefreshSnapshot{}}}
}

func (s *store) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failWork != nil || ctx.Err() != nil {
		return cmp.Or(s.failWork, ctx.Err())
	}
	for range s.reruns {
		if err := work(ctx, s.copy().repositories()); err != nil {
			return err
		}
	}
	tx := s.copy()
	err := work(ctx, tx.repositories())
	var refusal *domain.Refusal
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	if s.failAtEnd != nil {
		return s.failAtEnd
	}
	s.state = *tx
	if refusal != nil {
		return refusal.Err
	}
	return nil
}

func (s *state) repositories() outbound.Repositories {
	return outbound.Repositories{Sessions: sessions{state: s}, Keys: keys{s}, Signals: signals{s}, Events: events{s}}
}

type sessions struct {
	outbound.Sessions
	*state
}

func (r sessions) Get(_ context.Context, id domain.ID) (*token.Session, error) {
	s, ok := r.state.sessions[id]
	if !ok {
		return nil, domain.NotFound("no such session")
	}
	return token.RehydrateSession(s), nil
}

func (r sessions) Alive(_ context.Context, userID domain.ID, now time.Time) ([]*token.Session, error) {
	var alive []*token.Session
	for _, s := range r.state.sessions {
		if session := token.RehydrateSession(s); s.UserID == userID && session.Alive(now) {
			alive = append(alive, session)
		}
	}
	return alive, nil
}

func (r sessions) Save(_ context.Context, s *token.Session) error {
	r.state.sessions[s.ID()] = s.Snapshot()
	r.events = append(r.events, s.Drain()...)
	return nil
}

type keys struct{ *state }

func (r keys) Lock(context.Context) ([]*token.SigningKey, error) {
	all := make([]*token.SigningKey, len(r.keys))
	for i, k := range r.keys {
		all[i] = token.RehydrateKey(k)
	}
	return all, nil
}

func (r keys) Add(_ context.Context, k *token.SigningKey) error {
	r.keys = append(r.keys, k.Snapshot())
	r.events = append(r.events, k.Drain()...)
	return nil
}

func (r keys) Save(_ context.Context, k *token.SigningKey) error {
	i := slices.IndexFunc(r.keys, func(s token.KeySnapshot) bool { return s.ID == k.Snapshot().ID })
	r.keys[i] = k.Snapshot()
	r.events = append(r.events, k.Drain()...)
	return nil
}

type signals struct{ *state }

func (r signals) Append(_ context.Context, signals ...token.Signal) error {
	r.signals = append(r.signals, signals...)
	return nil
}

type events struct{ *state }

func (r events) Append(_ context.Context, events ...domain.Event) error {
	r.events = append(r.events, events...)
	return nil
}

// Keys is the KeyDirectory of the store.
func (s *store) Keys(ctx context.Context) ([]*token.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failWork != nil {
		return nil, s.failWork
	}
	return keys{&s.state}.Lock(ctx)
}

// ByDigest is the RefreshDirectory of the store.
func (s *store) ByDigest(_ context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failWork != nil {
		return nil, nil, s.failWork
	}
	refresh, ok := s.refresh[digest]
	if !ok {
		return nil, nil, domain.NotFound("no such token")
	}
	return token.RehydrateRefresh(refresh), token.RehydrateSession(s.state.sessions[refresh.SessionID]), nil
}

// stored gives a copy of what is committed.
func (s *store) stored() *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copy()
}
