package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// Dialects, as database.DB.Driver names them.
const (
	postgres = "postgres"
	sqlite   = "sqlite"
)

// maxAttempts is how often a reaction is tried: with pauses that grow with the
// fourth power of the attempt, for about two days.
const maxAttempts = 16

// arguments are what a job carries. Their names are stored: they stay.
type arguments struct {
	Reaction    string    `json:"reaction"`
	Event       domain.ID `json:"event"`
	Type        string    `json:"type"`
	SubjectKind string    `json:"subject_kind"`
	SubjectID   string    `json:"subject_id"`
	At          time.Time `json:"at"`
}

// Kind names all jobs of this package in River's tables.
func (arguments) Kind() string { return "reaction" }

func (a arguments) occurrence() domain.Occurrence {
	return domain.Occurrence{ID: a.Event, Event: domain.Event{
		Type: domain.EventType(a.Type), Subject: domain.Party{Kind: domain.PartyKind(a.SubjectKind), ID: a.SubjectID}, OccurredAt: a.At.UTC(),
	}}
}

// Plan knows which reactions follow from which events.
type Plan struct {
	names    map[domain.EventType][]string
	inserter *river.Client[*sql.Tx]
}

// NewPlan makes the plan of these reactions, of which only names and events
// are asked. Two of one name are refused. River would log elsewhere than to the
// logger.
func NewPlan(dialect string, reactions []inbound.Reaction, logger *zap.Logger) (*Plan, error) {
	p := &Plan{names: map[domain.EventType][]string{}}
	var known []string
	for _, r := range reactions {
		if slices.Contains(known, r.Name()) {
			return nil, fmt.Errorf("jobs: two reactions are named %q", r.Name())
		}
		known = append(known, r.Name())
		for _, event := range r.On() {
			p.names[event] = append(p.names[event], r.Name())
		}
	}
	driver, err := driverOf(dialect, nil)
	if err != nil {
		return nil, err
	}
	p.inserter, err = river.NewClient(driver, &river.Config{Logger: newLog(logger)})
	return p, err
}

func driverOf(dialect string, pool *sql.DB) (riverdriver.Driver[*sql.Tx], error) {
	switch dialect {
	case postgres:
		return riverdatabasesql.New(pool), nil
	case sqlite:
		return riversqlite.New(pool), nil
	}
	return nil, fmt.Errorf("jobs: there is no dialect %q", dialect)
}

// Follows tells whether a reaction follows from events of a type.
func (p *Plan) Follows(t domain.EventType) bool { return len(p.names[t]) > 0 }

// Follow stores a job for each reaction to each of the events, in the
// transaction that stores those.
func (p *Plan) Follow(ctx context.Context, tx *sql.Tx, events []domain.Occurrence) error {
	var jobs []river.InsertManyParams
	for _, e := range events {
		for _, name := range p.names[e.Type] {
			jobs = append(jobs, river.InsertManyParams{
				Args: arguments{
					Reaction: name, Event: e.ID, Type: string(e.Type),
					SubjectKind: string(e.Subject.Kind), SubjectID: e.Subject.ID, At: e.OccurredAt,
				},
				InsertOpts: &river.InsertOpts{MaxAttempts: maxAttempts},
			})
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	_, err := p.inserter.InsertManyFastTx(ctx, tx, jobs)
	return err
}
