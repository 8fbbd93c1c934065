package grants

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// state is what a unit of work sees; a copy of it is a transaction.
type state struct {
	sessions map[domain.ID]token.SessionSnapshot
	refresh  map[token.Digest]token.RefreshSnapshot
	signals  []token.Signal
	events   []domain.Event
}

func (s *state) copy() *state {
	return &state{sessions: maps.Clone(s.sessions), refresh: maps.Clone(s.refresh), signals: slices.Clone(s.signals), events: slices.Clone(s.events)}
}

// store is a unit of work and a refresh spender over a state: serial, all or
// nothing. inactive users can't spend.
type store struct {
	mu sync.Mutex
	state
	units, spendings int
	reruns           int // how often a conflict makes the work run again
	inactive         map[domain.ID]bool
	fail             error
	openings         []outbound.Opening
	openFails        error
}

// Open keeps a login without a unit of work.
func (s *store) Open(_ context.Context, o outbound.Opening) error {
	s.openings = append(s.openings, o)
	if s.openFails != nil {
		return s.openFails
	}
	s.sessions[o.Session.ID()] = o.Session.Snapshot()
	if o.Refresh != nil {
		s.refresh[o.Refresh.Snapshot().Digest] = o.Refresh.Snapshot()
	}
	return nil
}

func newStore() *store {
	return &store{state: state{sessions: map[domain.ID]token.SessionSnapshot{}, refresh: map[token.Digest]token.RefreshSnapshot{}}, inactive: map[domain.ID]bool{}}
}

func (s *store) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units++
	if s.fail != nil || ctx.Err() != nil {
		return cmp.Or(s.fail, ctx.Err())
	}
	for range s.reruns {
		_ = work(ctx, s.copy().repositories()) // a conflict throws it away, whatever it was
	}
	tx := s.copy()
	err := work(ctx, tx.repositories())
	var refusal *domain.Refusal
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	s.state = *tx
	if refusal != nil {
		return refusal.Err
	}
	return nil
}

func (s *state) repositories() outbound.Repositories {
	return outbound.Repositories{Sessions: sessions{state: s}, RefreshTokens: refreshTokens{s}, Signals: signals{s}, Events: events{s}}
}

// Spend is the rule of the domain, in one step.
func (s *store) Spend(_ context.Context, p outbound.Spending) (outbound.Spent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spendings++
	if s.fail != nil {
		return outbound.Spent{}, s.fail
	}
	found, ok := s.refresh[p.Presented]
	if !ok || found.ClientID != p.ClientID || s.inactive[found.UserID] {
		return outbound.Spent{}, token.NotSpendable()
	}
	link := token.RehydrateRefresh(found)
	session := s.sessions[found.SessionID]
	next, err := link.Spend(token.RehydrateSession(session), p.Successor, p.Now, p.TTL)
	if err != nil {
		return outbound.Spent{}, err
	}
	s.refresh[p.Presented], s.refresh[next.Snapshot().Digest] = link.Snapshot(), next.Snapshot()
	return outbound.Spent{SessionID: found.SessionID, SessionEnds: session.ExpiresAt, UserID: found.UserID, Scope: found.Scope}, nil
}

// ByDigest is the RefreshDirectory of the store.
func (s *store) ByDigest(ctx context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, nil, s.fail
	}
	link, err := refreshTokens{&s.state}.Get(ctx, digest)
	if err != nil {
		return nil, nil, err
	}
	return link, token.RehydrateSession(s.sessions[link.Snapshot().SessionID]), nil
}

type sessions struct {
	outbound.Sessions
	*state
}

func (r sessions) Add(_ context.Context, s *token.Session) error {
	r.state.sessions[s.ID()] = s.Snapshot()
	return nil
}

func (r sessions) Get(_ context.Context, id domain.ID) (*token.Session, error) {
	s, ok := r.state.sessions[id]
	if !ok {
		return nil, domain.NotFound("no such session")
	}
	return token.RehydrateSession(s), nil
}

func (r sessions) Save(_ context.Context, s *token.Session) error {
	r.state.sessions[s.ID()] = s.Snapshot()
	r.events = append(r.events, s.Drain()...)
	for digest, link := range r.refresh {
		if link.SessionID == s.ID() && !s.Snapshot().EndedAt.IsZero() {
			link.IsRevoked = true
			r.refresh[digest] = link
		}
	}
	return nil
}

type refreshTokens struct{ *state }

func (r refreshTokens) Add(_ context.Context, t *token.RefreshToken) error {
	r.refresh[t.Snapshot().Digest] = t.Snapshot()
	return nil
}

func (r refreshTokens) Get(_ context.Context, digest token.Digest) (*token.RefreshToken, error) {
	s, ok := r.refresh[digest]
	if !ok {
		return nil, domain.NotFound("no such token")
	}
	return token.RehydrateRefresh(s), nil
}

func (r refreshTokens) Save(_ context.Context, t *token.RefreshToken) error {
	r.refresh[t.Snapshot().Digest] = t.Snapshot()
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
