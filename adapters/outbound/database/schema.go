package database

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/migrations"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Schema = (*Schema)(nil)

// Schema migrates the store.
type Schema struct{ db *DB }

// NewSchema makes the schema of a store.
func NewSchema(db *DB) *Schema { return &Schema{db: db} }

// Up implements the port. A store that is up to date costs one statement and
// no lock. One that is newer than this program knows is left as it is: steps
// only add, so an older program keeps serving while a new one rolls out.
func (s *Schema) Up(ctx context.Context) (int64, error) {
	current, newest, err := s.Status(ctx)
	if err != nil || current >= newest {
		return current, err
	}
	err = s.migrate(ctx, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	return s.current(ctx)
}

// Down implements the port. With nothing to go back from it fails with
// CodeConflict.
func (s *Schema) Down(ctx context.Context) (int64, error) {
	err := s.migrate(ctx, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		return err
	})
	if errors.Is(err, goose.ErrNoNextVersion) {
		return 0, domain.Conflict(domain.CodeConflict, "there is no version to go back from")
	}
	if err != nil {
		return 0, err
	}
	return s.current(ctx)
}

// Status implements the port.
func (s *Schema) Status(ctx context.Context) (current, newest int64, err error) {
	if newest, err = s.newest(); err != nil {
		return 0, 0, domain.Internal(err)
	}
	current, err = s.current(ctx)
	return current, newest, err
}

// current is zero for a store that was never migrated.
func (s *Schema) current(ctx context.Context) (int64, error) {
	var version int64
	err := s.db.reader.DB.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&version)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42P01" || err != nil && strings.Contains(err.Error(), "no such table") {
		return 0, nil
	}
	return version, translate(ctx, err)
}

// steps are the migrations of the dialect.
func (s *Schema) steps() (fs.FS, error) {
	if s.db.dialect == postgres {
		return fs.Sub(migrations.Postgres, "postgres")
	}
	return fs.Sub(migrations.SQLite, "sqlite")
}

// newest reads the highest number from the names of the steps.
func (s *Schema) newest() (int64, error) {
	steps, err := s.steps()
	if err != nil {
		return 0, err
	}
	entries, err := fs.ReadDir(steps, ".")
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, entry := range entries {
		number, _, _ := strings.Cut(entry.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// migrate runs one call of the migrator, over a connection of its own: a long
// step must not end at the time limit of a request.
func (s *Schema) migrate(ctx context.Context, run func(*goose.Provider) error) (err error) {
	pool, err := s.db.migrator()
	if err != nil {
		return translate(ctx, err)
	}
	defer func() {
		if failure := pool.Close(); err == nil {
			err = translate(ctx, failure)
		}
	}()
	if s.db.dialect == postgres {
		return translate(ctx, s.locked(pool, run))
	}
	return s.contended(ctx, pool, run)
}

// locked has all instances take turns, on PostgreSQL.
func (s *Schema) locked(pool *sql.DB, run func(*goose.Provider) error) error {
	// Asked for every second, for ten minutes: as long as a step may take.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
	if err != nil {
		return err
	}
	provider, err := s.provider(goose.DialectPostgres, pool, goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	return run(provider)
}

// How often SQLite processes that start together try, and the pause between.
const (
	migrateAttempts = 50
	migratePause    = 50 * time.Millisecond
)

// contended lets processes run into each other, on SQLite: each step is one
// immediate transaction, so who comes second finds it done or the file busy,
// and looks again.
func (s *Schema) contended(ctx context.Context, pool *sql.DB, run func(*goose.Provider) error) error {
	for n := 1; ; n++ {
		before, err := s.current(ctx)
		if err != nil {
			return err
		}
		provider, err := s.provider(goose.DialectSQLite3, pool)
		if err != nil {
			return translate(ctx, err)
		}
		failure := run(provider)
		if failure == nil || errors.Is(failure, goose.ErrNoNextVersion) {
			return failure
		}
		after, err := s.current(ctx)
		if err != nil {
			return err
		}
		if n == migrateAttempts || after == before && !isConflict(failure) {
			return translate(ctx, failure)
		}
		if err := s.db.clock.Sleep(ctx, s.db.jitter(migratePause)); err != nil {
			return translate(ctx, err)
		}
	}
}

func (s *Schema) provider(d goose.Dialect, pool *sql.DB, options ...goose.ProviderOption) (*goose.Provider, error) {
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	options = append(options, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	return goose.NewProvider(d, pool, steps, options...)
}
