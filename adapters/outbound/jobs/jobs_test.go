package jobs_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/jobs"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
	"github.com/keystone-auth/keystone/test/services"
)

func TestMain(m *testing.M) { services.Main(m) }

// reaction is one whose work a test tells; every run is reported.
type reaction struct {
	name  string
	on    []domain.EventType
	react func(domain.Occurrence) error
	ran   chan domain.Occurrence
}

func newReaction(name string, react func(domain.Occurrence) error, on ...domain.EventType) *reaction {
	return &reaction{name: name, on: on, react: react, ran: make(chan domain.Occurrence, 100)}
}

func (r *reaction) Name() string           { return r.name }
func (r *reaction) On() []domain.EventType { return r.on }

func (r *reaction) React(_ context.Context, o domain.Occurrence) error {
	defer func() { r.ran <- o }()
	if r.react == nil {
		return nil
	}
	return r.react(o)
}

// next waits for the next run.
func (r *reaction) next(t *testing.T) domain.Occurrence {
	t.Helper()
	select {
	case o := <-r.ran:
		return o
	case <-t.Context().Done():
		t.Fatal("the reaction did not run")
		return domain.Occurrence{}
	}
}

// desk is a store whose events have reactions.
type desk struct {
	db   *database.DB
	work *database.UnitOfWork
}

func newDesk(t *testing.T, url string, reactions ...inbound.Reaction) *desk {
	t.Helper()
	dialect := "sqlite"
	if url[:8] == "postgres" {
		dialect = "postgres"
	}
	plan, err := jobs.NewPlan(dialect, reactions, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), database.Config{URL: url, Follow: plan.Follow}, system.NewClock(), system.NewRandom())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := database.NewSchema(db).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &desk{db: db, work: database.NewUnitOfWork(db)}
}

// run starts a runner and gives what it logs, until the test ends.
func (d *desk) run(t *testing.T, reactions ...inbound.Reaction) *observer.ObservedLogs {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	runner, err := jobs.NewRunner(d.db.Driver(), d.db.Pool(), reactions, time.Second, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	if err := runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := runner.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return logs
}

// happen stores events in one unit of work that ends as told.
func (d *desk) happen(t *testing.T, end error, events ...domain.Event) {
	t.Helper()
	err := d.work.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
		return errors.Join(r.Events.Append(ctx, events...), end)
	})
	if (err == nil) != (end == nil) {
		t.Fatalf("ended with %v, want %v", err, end)
	}
}

func event(kind domain.EventType) domain.Event {
	someone := domain.Party{Kind: domain.PartyUser, ID: given.ID().String(), Name: "alice"}
	return domain.Event{Type: kind, Outcome: domain.Succeeded, Actor: domain.System, Subject: someone, OccurredAt: given.Now}
}

func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite://"+filepath.Join(t.TempDir(), "keystone.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, services.Postgres(t)) })
}

func TestReactionsFollowWhatWasStored(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		mail := newReaction("mail", nil, domain.EventUserRegistered, domain.EventUserLocked)
		second := newReaction("second", nil, domain.EventUserLocked)
		d := newDesk(t, url, mail, second)
		undone, kept, other, last := event(domain.EventUserRegistered), event(domain.EventUserRegistered), event(domain.EventTokenIssued), event(domain.EventUserLocked)
		d.happen(t, errors.New("undone"), undone)
		d.happen(t, nil, kept, other)
		d.happen(t, domain.Refuse(errors.New("refused, and kept")), last)

		d.run(t, mail, second)
		found := map[string]domain.Event{}
		for range 2 {
			o := mail.next(t)
			if o.ID == domain.NoID {
				t.Error("an occurrence without id")
			}
			found[o.Subject.ID] = o.Event
		}
		told := func(e domain.Event) domain.Event {
			return domain.Event{Type: e.Type, Subject: domain.Party{Kind: e.Subject.Kind, ID: e.Subject.ID}, OccurredAt: e.OccurredAt}
		}
		if diff := cmp.Diff(map[string]domain.Event{kept.Subject.ID: told(kept), last.Subject.ID: told(last)}, found); diff != "" {
			t.Error(diff)
		}
		if o := second.next(t); o.Subject.ID != last.Subject.ID {
			t.Errorf("the second reaction got %v", o)
		}
		if len(mail.ran)+len(second.ran) > 0 {
			t.Error("something ran that nobody asked for")
		}
	})
}

func TestAFailureIsTriedAgainAndHoldsUpNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		const hidden = "what a reaction threw"
		var mu sync.Mutex
		attempts := 0
		broken := newReaction("broken", func(domain.Occurrence) error {
			mu.Lock()
			defer mu.Unlock()
			if attempts++; attempts == 1 {
				panic(hidden)
			}
			return nil
		}, domain.EventUserLocked)
		fine := newReaction("fine", nil, domain.EventUserLocked)
		d := newDesk(t, url, broken, fine)
		logs := d.run(t, broken, fine)
		d.happen(t, nil, event(domain.EventUserLocked))
		first := broken.next(t)
		fine.next(t)
		if again := broken.next(t); !cmp.Equal(first, again) {
			t.Errorf("the second attempt was told otherwise: %s", cmp.Diff(first, again))
		}
		failed := logs.FilterMessage("a reaction failed")
		if failed.Len() != 1 {
			t.Fatalf("%d failures are in the log", failed.Len())
		}
		for _, entry := range logs.All() {
			for _, value := range entry.ContextMap() {
				if text, ok := value.(string); ok && text == hidden {
					t.Errorf("the log tells it: %v", entry)
				}
			}
		}
	})
}

func TestAPlanHasOneReactionOfAName(t *testing.T) {
	if _, err := jobs.NewPlan("sqlite", []inbound.Reaction{newReaction("a", nil), newReaction("a", nil)}, zap.NewNop()); err == nil {
		t.Error("two of one name were taken")
	}
	if _, err := jobs.NewPlan("mysql", nil, zap.NewNop()); err == nil {
		t.Error("an unknown dialect was taken")
	}
}

// A failure to store the jobs undoes what they follow from.
func TestNothingIsStoredWithoutItsJobs(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		r := newReaction("r", nil, domain.EventUserLocked)
		d := newDesk(t, url, r)
		if _, err := d.db.Pool().Exec("ALTER TABLE river_job RENAME TO elsewhere"); err != nil {
			t.Fatal(err)
		}
		err := d.work.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
			return r.Events.Append(ctx, event(domain.EventUserLocked))
		})
		if err == nil {
			t.Fatal("stored without its jobs")
		}
		var count int
		if err := d.db.Pool().QueryRow("SELECT count(*) FROM events").Scan(&count); err != nil || count != 0 {
			t.Errorf("%d events (%v)", count, err)
		}
	})
}

// endless runs until it is cancelled.
type endless struct{ *reaction }

func (e endless) React(ctx context.Context, o domain.Occurrence) error {
	e.ran <- o
	<-ctx.Done()
	return ctx.Err()
}

func TestAStopWithLittleTimeCancelsWhatRuns(t *testing.T) {
	slow := endless{newReaction("slow", nil, domain.EventUserRegistered)}
	d := newDesk(t, "sqlite://"+filepath.Join(t.TempDir(), "jobs.db"), slow)
	runner, err := jobs.NewRunner(d.db.Driver(), d.db.Pool(), []inbound.Reaction{slow}, time.Second, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.happen(t, nil, event(domain.EventUserRegistered))
	slow.next(t)
	// Less than is kept for cancelling, so no time at all for the job.
	ctx, cancel := context.WithTimeout(context.Background(), 1900*time.Millisecond)
	defer cancel()
	if err := runner.Stop(ctx); err != nil {
		t.Errorf("got %v", err)
	}
}
