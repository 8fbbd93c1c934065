package tokens

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// tellLimit bounds what a Committer does after the commit.
const tellLimit = 5 * time.Second

// Committer is a unit of work that brings the signals stored in it to every
// instance before its Do returns: this one by hand, the others by the bus, and
// by their tails where the push is lost. So an end that was answered holds.
type Committer struct {
	inner outbound.UnitOfWork
	feed  *Feed
	bus   outbound.SignalBus
}

var _ outbound.UnitOfWork = (*Committer)(nil)

// NewCommitter wraps the store's unit of work.
func NewCommitter(inner outbound.UnitOfWork, feed *Feed, bus outbound.SignalBus) *Committer {
	return &Committer{inner: inner, feed: feed, bus: bus}
}

// Do runs work as the inner unit of work does.
func (c *Committer) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	var stored []token.Signal
	var refused error
	err := c.inner.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		stored, refused = nil, nil // a rerun starts over
		signals := recordingSignals{r.Signals, &stored}
		r.Signals, r.Users = signals, tellingUsers{r.Users, signals, c.feed.clock}
		err := work(ctx, r)
		var refusal *domain.Refusal
		if errors.As(err, &refusal) {
			refused = refusal.Err
		}
		return err
	})
	if committed := err == nil || refused != nil && errors.Is(err, refused); committed && len(stored) > 0 {
		tell(ctx, c.feed, c.bus, stored)
	}
	return err
}

// tell brings what is committed to every instance: an impatient caller must not
// keep it from being told.
func tell(ctx context.Context, feed *Feed, bus outbound.SignalBus, stored []token.Signal) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), tellLimit)
	defer done()
	feed.Apply(ctx, stored...)
	_ = bus.Publish(ctx, stored...) // bounded; the tail has it within half a second
}

// Opener keeps logins and tells every instance of them, as a Committer does of
// units of work.
type Opener struct {
	inner outbound.SessionOpener
	feed  *Feed
	bus   outbound.SignalBus
}

var _ outbound.SessionOpener = (*Opener)(nil)

// NewOpener wraps the store's opener.
func NewOpener(inner outbound.SessionOpener, feed *Feed, bus outbound.SignalBus) *Opener {
	return &Opener{inner: inner, feed: feed, bus: bus}
}

// Open keeps a login as the inner opener does.
func (o *Opener) Open(ctx context.Context, opening outbound.Opening) error {
	opening.Signals = append(slices.Clip(opening.Signals), token.Saved(opening.User.ID(), o.feed.clock.Now()))
	if err := o.inner.Open(ctx, opening); err != nil {
		return err
	}
	tell(ctx, o.feed, o.bus, opening.Signals)
	return nil
}

type recordingSignals struct {
	outbound.Signals
	stored *[]token.Signal
}

func (r recordingSignals) Append(ctx context.Context, signals ...token.Signal) error {
	if err := r.Signals.Append(ctx, signals...); err != nil {
		return err
	}
	*r.stored = append(*r.stored, signals...)
	return nil
}

// tellingUsers tells of every user that is saved: here once, so that no use case
// can forget it.
type tellingUsers struct {
	outbound.Users
	signals outbound.Signals
	clock   outbound.Clock
}

func (t tellingUsers) Save(ctx context.Context, u *user.User) error {
	if err := t.Users.Save(ctx, u); err != nil {
		return err
	}
	return t.signals.Append(ctx, token.Saved(u.ID(), t.clock.Now()))
}

func (t tellingUsers) Delete(ctx context.Context, u *user.User) error {
	if err := t.Users.Delete(ctx, u); err != nil {
		return err
	}
	return t.signals.Append(ctx, token.Saved(u.ID(), t.clock.Now()))
}
