package database

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	sampleEvery  = 200 * time.Millisecond // of the primary's position, and of each replica's
	sampleLimit  = 500 * time.Millisecond // of one such question
	trailLimit   = 900 * time.Millisecond // what a list may trail by, less what a query takes to begin
	replicaLimit = 2 * time.Second        // of a list on a replica, before the primary is asked
	keptSamples  = 16                     // older ones tell of nothing but replicas that trail too far
)

// sample says that all that was committed before at lies before position in the
// primary's log.
type sample struct {
	at       time.Time
	position int64
}

// replicas are copies of the primary. How far each trails is told by positions
// in the log and by this process' clock alone:
//
//	primary:  at ── flushed up to position ─┐
//	replica:  replayed up to position' ─────┴─ position' ≥ position: it has all that was committed before at
type replicas struct {
	all  []*Replica
	turn atomic.Uint32

	mu      sync.Mutex
	samples []sample // oldest first

	stop context.CancelFunc
	done sync.WaitGroup
}

// Replica is one of them.
type Replica struct {
	name    string // of its place in the list: its URL holds a password
	clock   outbound.Clock
	pool    *bun.DB
	watcher *bun.DB
	covers  atomic.Int64 // microseconds; what was committed on the primary before is here
}

// Name is replica_1 for the first of the configuration.
func (r *Replica) Name() string { return r.name }

// Usable tells whether lists are read from it now.
func (r *Replica) Usable() bool { return r.near(r.clock.Now()) }

func (r *Replica) near(now time.Time) bool {
	return now.UnixMicro()-r.covers.Load() <= trailLimit.Microseconds()
}

// gaveOut tells whether the failure is the replica's own, so that the primary
// should be asked, and then leaves the replica alone until it is seen to be near
// again. A statement that took too long would do so on the primary as well.
func (r *Replica) gaveOut(ctx context.Context, err error) bool {
	if ctx.Err() != nil || !isUnavailable(translate(ctx, err)) || isStatementTimeout(err) {
		return false
	}
	r.covers.Store(0)
	return true
}

// usable gives each replica that is near enough in turn, or nil.
func (r *replicas) usable(now time.Time) *Replica {
	n := uint32(len(r.all))
	if n == 0 {
		return nil
	}
	first := r.turn.Add(1)
	for i := range n {
		if one := r.all[(first+i)%n]; one.near(now) {
			return one
		}
	}
	return nil
}

// Replicas gives the replicas of the configuration, in its order.
func (db *DB) Replicas() []*Replica { return db.replicas.all }

func (db *DB) openReplicas(config Config) error {
	for i, url := range config.ReplicaURLs {
		parsed, err := parsePostgres(url)
		if err != nil {
			return err
		}
		limitStatements(parsed)
		parsed.RuntimeParams["default_transaction_read_only"] = "on"
		db.replicas.all = append(db.replicas.all, &Replica{
			name: "replica_" + strconv.Itoa(i+1), clock: db.clock,
			pool: openPostgresPool(parsed, config.MaxConns, config.OpenPool), watcher: openPostgresPool(parsed, 1, config.OpenPool),
		})
	}
	if len(db.replicas.all) == 0 {
		return nil
	}
	ctx, stop := context.WithCancel(context.Background())
	db.replicas.stop = stop
	db.replicas.done.Go(func() { db.every(ctx, db.samplePrimary) })
	for _, r := range db.replicas.all {
		db.replicas.done.Go(func() { db.every(ctx, func(ctx context.Context) { db.judge(ctx, r) }) })
	}
	return nil
}

func (r *replicas) close() error {
	if r.stop != nil {
		r.stop()
		r.done.Wait()
	}
	var all error
	for _, one := range r.all {
		all = errors.Join(all, one.pool.Close(), one.watcher.Close())
	}
	return all
}

func (db *DB) every(ctx context.Context, ask func(context.Context)) {
	for {
		within, stop := context.WithTimeout(ctx, sampleLimit)
		ask(within)
		stop()
		if db.clock.Sleep(ctx, sampleEvery) != nil {
			return
		}
	}
}

// samplePrimary asks how far the primary's log is safely written. A primary that
// does not answer leaves the replicas to grow too old to be used.
func (db *DB) samplePrimary(ctx context.Context) {
	s := sample{at: db.clock.Now()} // before the question: the position covers at least what was committed by then
	if db.watcher.DB.QueryRowContext(ctx, "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint").Scan(&s.position) != nil {
		return
	}
	db.replicas.mu.Lock()
	defer db.replicas.mu.Unlock()
	samples := append(db.replicas.samples, s)
	db.replicas.samples = samples[max(0, len(samples)-keptSamples):]
}

// judge finds the newest moment that the replica has caught up with. One that is
// no replica any more, or not yet, catches up with nothing.
func (db *DB) judge(ctx context.Context, r *Replica) {
	var position int64
	if r.watcher.DB.QueryRowContext(ctx, `SELECT coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint, 0)
		WHERE pg_is_in_recovery()`, pgx.QueryExecModeExec).Scan(&position) != nil {
		return
	}
	db.replicas.mu.Lock()
	defer db.replicas.mu.Unlock()
	for i := len(db.replicas.samples) - 1; i >= 0; i-- {
		if s := db.replicas.samples[i]; s.position <= position {
			r.covers.Store(s.at.UnixMicro())
			return
		}
	}
}

// ReplicaProbe tells whether lists are read from a replica.
type ReplicaProbe struct{ replica *Replica }

var _ outbound.Probe = ReplicaProbe{}

// NewReplicaProbes makes a probe of each replica.
func NewReplicaProbes(db *DB) []outbound.Probe {
	var probes []outbound.Probe
	for _, r := range db.Replicas() {
		probes = append(probes, ReplicaProbe{r})
	}
	return probes
}

// Name is replica_1 for the first of the configuration.
func (p ReplicaProbe) Name() string { return p.replica.name }

// Essential is false: the primary stands in for it.
func (p ReplicaProbe) Essential() bool { return false }

// Ping tells what the last look at it was: it is asked all the time.
func (p ReplicaProbe) Ping(context.Context) error {
	if !p.replica.Usable() {
		return fmt.Errorf("%w: %s is away, or trails too far", outbound.ErrDegraded, p.replica.name)
	}
	return nil
}
