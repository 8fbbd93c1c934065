package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

const (
	workers     = 8 // reactions at once; they wait for gateways
	jobTimeout  = 45 * time.Second
	rescueAfter = 2 * time.Minute // a job whose process died runs again
	softStop    = 5 * time.Second // running jobs may end by themselves; then they are cancelled, and run again elsewhere
	cancelTime  = 2 * time.Second // what cancelled jobs have to end
	keepDone    = time.Hour
)

// Runner runs the jobs that wait.
type Runner struct{ client *river.Client[*sql.Tx] }

// NewRunner makes a runner of the jobs in a store, which it looks for at every
// interval. All instances of an installation may run one: each job runs in one
// of them.
func NewRunner(dialect string, pool *sql.DB, reactions []inbound.Reaction, every time.Duration, logger *zap.Logger) (*Runner, error) {
	driver, err := driverOf(dialect, pool)
	if err != nil {
		return nil, err
	}
	w := &worker{reactions: map[string]inbound.Reaction{}}
	for _, r := range reactions {
		w.reactions[r.Name()] = r
	}
	logger = logger.Named("jobs")
	registered := river.NewWorkers()
	river.AddWorker(registered, w)
	client, err := river.NewClient(driver, &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers: registered,
		// No listener: it would hold a connection of its own, and a second
		// is soon enough for a mail.
		PollOnly: true, FetchPollInterval: every, FetchCooldown: min(every, river.FetchCooldownDefault),
		JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter, SoftStopTimeout: softStop,
		CompletedJobRetentionPeriod: keepDone,
		ReindexerIndexNames:         []string{}, // rebuilding indexes is the operator's, and outlasts our statements' time limit
		ErrorHandler:                failures{logger},
		Logger:                      newLog(logger),
	})
	if err != nil {
		return nil, err
	}
	return &Runner{client: client}, nil
}

// Start begins to run jobs, until Stop.
func (r *Runner) Start(ctx context.Context) error {
	return r.client.Start(context.WithoutCancel(ctx)) // ctx bounds the start, not the work
}

// Stop waits for the jobs that run, for some seconds at most, and cancels them
// shortly before ctx ends: they run again elsewhere, and a stop that had little
// time left is none that failed.
func (r *Runner) Stop(ctx context.Context) error {
	soft := ctx
	if deadline, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		soft, cancel = context.WithDeadline(ctx, deadline.Add(-cancelTime))
		defer cancel()
	}
	if err := r.client.Stop(soft); err == nil || soft.Err() == nil {
		return err
	}
	return r.client.StopAndCancel(ctx)
}

type worker struct {
	river.WorkerDefaults[arguments]
	reactions map[string]inbound.Reaction
}

var errUnknownReaction = errors.New("this version knows no such reaction")

// Work runs one job. One of a reaction that a newer version added waits until
// an instance of that version takes it.
func (w *worker) Work(ctx context.Context, job *river.Job[arguments]) (err error) {
	reaction, known := w.reactions[job.Args.Reaction]
	if !known {
		return errUnknownReaction
	}
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	ctx = domain.WithOrigin(ctx, domain.Origin{RequestID: job.Args.Event.String()})
	return reaction.React(ctx, job.Args.occurrence())
}

// panicked words a panic. Only the runtime's own words are known to hold
// nothing that must not be stored.
func panicked(v any) error {
	if fault, ok := v.(runtime.Error); ok {
		return fmt.Errorf("panic: %w", fault)
	}
	return fmt.Errorf("panic of type %T", v)
}

// failures tells the log of each failed attempt.
type failures struct{ logger *zap.Logger }

func (f failures) HandleError(_ context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	say := f.logger.Warn
	if job.Attempt >= job.MaxAttempts {
		say = f.logger.Error
	}
	say("a reaction failed", zap.Int64("job", job.ID), zap.ByteString("arguments", job.EncodedArgs),
		zap.Int("attempt", job.Attempt), zap.Int("of", job.MaxAttempts), zap.Error(err))
	return nil
}

// HandlePanic is for panics outside of a reaction; what was thrown is not told.
func (f failures) HandlePanic(_ context.Context, job *rivertype.JobRow, value any, _ string) *river.ErrorHandlerResult {
	f.logger.Error("a job panicked", zap.Int64("job", job.ID), zap.Error(panicked(value)))
	return nil
}
