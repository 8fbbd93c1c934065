package rig

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/keystone-auth/keystone/test/services"
)

// Stores are the servers that Keystone and the ceilings share.
type Stores struct {
	Postgres, Redis string // URLs
	postgresPID     int    // zero: not ours to look into
	redisPID        int
	admin           *pgx.Conn
	redis           rueidis.Client
	stop            []func()
}

// postgresSettings are those of a small server; durable, as the defaults are.
var postgresSettings = []string{"-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB", "-c", "checkpoint_timeout=15min"}

// counting loads the extension that counts statements, of PostgreSQL's contrib.
var counting = append([]string{"-c", "shared_preload_libraries=pg_stat_statements"}, postgresSettings...)

func startPostgres() (services.Private, error) {
	server, err := services.StartPostgres(counting...)
	if err != nil && !errors.Is(err, services.ErrAbsent) {
		server, err = services.StartPostgres(postgresSettings...)
	}
	return server, err
}

// OpenStores starts private servers, or takes those that the variables of
// test/services name when shared is set.
func OpenStores(ctx context.Context, shared bool) (_ *Stores, err error) {
	s := &Stores{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if shared {
		s.Postgres, s.Redis = os.Getenv("KEYSTONE_TEST_POSTGRES_URL"), os.Getenv("KEYSTONE_TEST_REDIS_URL")
	}
	if s.Postgres == "" {
		server, err := startPostgres()
		if err != nil {
			return nil, err
		}
		s.Postgres, s.postgresPID, s.stop = server.URL, server.PID, append(s.stop, server.Stop)
	}
	if s.Redis == "" {
		server, err := services.StartRedis()
		if err != nil {
			return nil, err
		}
		s.Redis, s.redisPID, s.stop = server.URL, server.PID, append(s.stop, server.Stop)
	}
	if s.admin, err = pgx.Connect(ctx, s.Postgres); err != nil {
		return nil, err
	}
	// Where the extension is not at hand statements are not counted.
	_, _ = s.admin.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
	options, err := rueidis.ParseURL(s.Redis)
	if err != nil {
		return nil, err
	}
	options.DisableCache, options.ForceSingleClient = true, true
	s.redis, err = rueidis.NewClient(options)
	return s, err
}

// Close stops what was started.
func (s *Stores) Close() {
	if s.admin != nil {
		_ = s.admin.Close(context.Background()) // its server goes next
	}
	if s.redis != nil {
		s.redis.Close()
	}
	for _, stop := range s.stop {
		stop()
	}
}

// Database makes a fresh database, in place of one of that name, and gives its URL.
func (s *Stores) Database(ctx context.Context, name string) (string, error) {
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'"} {
		if _, err := s.admin.Exec(ctx, statement); err != nil {
			return "", fmt.Errorf("%s: %w", statement, err)
		}
	}
	server, err := url.Parse(s.Postgres)
	if err != nil {
		return "", fmt.Errorf("the URL of PostgreSQL can't be read") // it may hold a password
	}
	server.Path = "/" + name
	return server.String(), nil
}

// Versions names the servers for the report.
func (s *Stores) Versions(ctx context.Context) (postgres, redis string) {
	if err := s.admin.QueryRow(ctx, "SHOW server_version").Scan(&postgres); err != nil {
		postgres = "unknown"
	}
	info, err := s.redis.Do(ctx, s.redis.B().Info().Section("server").Build()).ToString()
	if err != nil {
		return postgres, "unknown"
	}
	return postgres, line(info, "redis_version:")
}

// Size is what a database takes on disk, in bytes.
func (s *Stores) Size(ctx context.Context, database string) (n int64, err error) {
	return n, s.admin.QueryRow(ctx, "SELECT pg_database_size($1)", database).Scan(&n)
}

// Expire lets the first of the sessions be over for longer than anything is
// kept, and tells how many rows housekeeping has to delete then.
func (s *Stores) Expire(ctx context.Context, database string, sessions int) (rows int64, err error) {
	server, err := url.Parse(s.Postgres)
	if err != nil {
		return 0, errors.New("the URL of PostgreSQL can't be read") // it may hold a password
	}
	server.Path = "/" + database
	c, err := pgx.Connect(ctx, server.String())
	if err != nil {
		return 0, err
	}
	defer c.Close(ctx)
	const expire = `
WITH over AS (
    UPDATE sessions SET expires_at = now() - interval '8 days' WHERE id IN (SELECT id FROM sessions ORDER BY id LIMIT $1) RETURNING id
)
SELECT count(*) + (SELECT count(*) FROM over) FROM refresh_tokens WHERE session_id IN (SELECT id FROM over)`
	if err := c.QueryRow(ctx, expire, sessions).Scan(&rows); err != nil {
		return 0, err
	}
	_, err = c.Exec(ctx, "ANALYZE sessions")
	return rows, err
}
