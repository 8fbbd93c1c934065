package users

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
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// state is what a unit of work sees; a copy of it is a transaction.
type state struct {
	users    map[domain.ID]user.Snapshot
	pending  []user.PendingRegistration
	lockouts map[string]user.LockoutSnapshot
	events   []domain.Event
	tickets  map[string]token.TicketSnapshot
	signals  []token.Signal
	done     []string // what was asked of users, in units of work
}

func (s *state) copy() *state {
	return &state{
		users: maps.Clone(s.users), pending: slices.Clone(s.pending), lockouts: maps.Clone(s.lockouts), events: slices.Clone(s.events),
		tickets: maps.Clone(s.tickets), signals: slices.Clone(s.signals), done: slices.Clone(s.done),
	}
}

// store is a unit of work and the directories over a state.
type store struct {
	mu sync.Mutex
	state
	reruns int // how often a conflict makes the work run again
	fail   error
	asked  int                       // how often something was read or written, of whatever it was
	watch  func(ctx context.Context) // sees each unit of work and swap begin
}

func newStore(all ...*user.User) *store {
	s := &store{state: state{users: map[domain.ID]user.Snapshot{}, lockouts: map[string]user.LockoutSnapshot{}, tickets: map[string]token.TicketSnapshot{}}}
	for _, u := range all {
		s.users[u.ID()] = u.Snapshot()
	}
	return s
}

func (s *store) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.watch != nil {
		s.watch(ctx)
	}
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
	return outbound.Repositories{Users: userRows{s}, Lockouts: lockoutRows{s}, Events: eventRows{s}, Tickets: ticketRows{state: s}, Signals: signalRows{s}}
}

func (s *store) ByLogin(_ context.Context, folded string, isEmail bool) (*user.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.fail != nil {
		return nil, s.fail
	}
	for _, u := range s.users {
		if isEmail && u.Email.Folded() == folded || !isEmail && u.Username.Folded() == folded {
			return user.Rehydrate(u), nil
		}
	}
	return nil, domain.NotFound("no such user")
}

func (s *store) ByID(ctx context.Context, id domain.ID) (*user.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return userRows{&s.state}.Get(ctx, id)
}

func (s *store) Pending(_ context.Context, folded string, isEmail bool, now time.Time) (user.PendingRegistration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	for _, p := range slices.Backward(s.pending) {
		if now.Before(p.ExpiresAt) && (isEmail && p.Email.Folded() == folded || !isEmail && p.Username.Folded() == folded) {
			return p, nil
		}
	}
	return user.PendingRegistration{}, domain.NotFound("no such registration")
}

// ticketRows add nothing: no use case of people does.
type ticketRows struct {
	outbound.Tickets
	*state
}

func (r ticketRows) Put(_ context.Context, t *token.Ticket) error {
	s := t.Snapshot()
	r.tickets[s.Purpose+"/"+s.Holder] = s
	return nil
}

func (r ticketRows) Get(_ context.Context, purpose, holder string) (*token.Ticket, error) {
	s, ok := r.tickets[purpose+"/"+holder]
	if !ok {
		return nil, domain.NotFound("no such ticket")
	}
	return token.RehydrateTicket(s), nil
}

func (r ticketRows) Save(ctx context.Context, t *token.Ticket) error {
	s := t.Snapshot()
	if r.tickets[s.Purpose+"/"+s.Holder].ID != s.ID {
		return domain.NotFound("no such ticket")
	}
	return r.Put(ctx, t)
}

func (r ticketRows) Delete(ctx context.Context, t *token.Ticket) error {
	err := r.Save(ctx, t)
	delete(r.tickets, t.Snapshot().Purpose+"/"+t.Snapshot().Holder)
	return err
}

type userRows struct{ *state }

func (r userRows) Get(_ context.Context, id domain.ID) (*user.User, error) {
	r.done = append(r.done, "Get")
	s, ok := r.users[id]
	if !ok {
		return nil, domain.NotFound("no such user")
	}
	return user.Rehydrate(s), nil
}

func (r userRows) Add(_ context.Context, u *user.User) error {
	added := u.Snapshot()
	for _, p := range r.pending {
		if p.Username.Folded() == added.Username.Folded() {
			return domain.Conflict(domain.CodeUsernameTaken, "taken")
		}
	}
	var taken error
	for _, s := range r.users {
		switch {
		case s.Username.Folded() == added.Username.Folded():
			return domain.Conflict(domain.CodeUsernameTaken, "taken")
		case s.Email.Folded() == added.Email.Folded():
			taken = domain.Conflict(domain.CodeEmailTaken, "taken")
		}
	}
	if taken != nil {
		return taken
	}
	r.put(u)
	return nil
}

func (r userRows) Save(_ context.Context, u *user.User) error {
	r.done = append(r.done, "Save")
	if _, ok := r.users[u.ID()]; !ok {
		r.done = append(r.done, "Save: is there any") // which stores ask where nothing was saved
		return domain.NotFound("no such user")
	}
	r.put(u)
	return nil
}

func (r userRows) put(u *user.User) {
	r.users[u.ID()] = u.Snapshot()
	r.events = append(r.events, u.Drain()...)
}

func (r userRows) Delete(_ context.Context, u *user.User) error {
	delete(r.users, u.ID())
	r.events = append(r.events, u.Drain()...)
	return nil
}

func (r userRows) Reserve(_ context.Context, p user.PendingRegistration) error {
	for _, known := range r.pending {
		if known.Username.Folded() == p.Username.Folded() {
			return domain.Conflict(domain.CodeUsernameTaken, "taken")
		}
	}
	r.pending = append(r.pending, p)
	return nil
}

func (r userRows) LockSuperusers(context.Context) (int, error) {
	count := 0
	for _, s := range r.users {
		if s.IsSuperuser && s.IsActive {
			count++
		}
	}
	return count, nil
}

type eventRows struct{ *state }

func (r eventRows) Append(_ context.Context, events ...domain.Event) error {
	r.events = append(r.events, events...)
	return nil
}

type signalRows struct{ *state }

func (r signalRows) Append(_ context.Context, signals ...token.Signal) error {
	r.signals = append(r.signals, signals...)
	return nil
}

// stored gives a copy of what is committed.
func (s *store) stored() *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copy()
}
