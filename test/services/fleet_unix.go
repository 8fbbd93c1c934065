//go:build unix

package services

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresServer is a server of one test's own.
type PostgresServer struct {
	*Process

	port int
	bin  string
}

// NewPostgres starts a primary that others may follow.
func NewPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	initdb, err := binary("initdb", "/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
	needed(t, "initdb", err)
	installed, err := filepath.EvalSymlinks(initdb)
	if err != nil {
		t.Fatal(err)
	}
	s := &PostgresServer{bin: filepath.Dir(installed), port: FreePort(t)}
	h := postgresHome(t)
	if out, err := h.command(initdb, "-D", h.dir+"/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N").CombinedOutput(); err != nil {
		h.remove()
		t.Fatalf("initdb: %v: %s", err, out)
	}
	s.serve(t, h)
	return s
}

// Replica copies the server and follows it.
func (s *PostgresServer) Replica(t testing.TB) *PostgresServer {
	t.Helper()
	r := &PostgresServer{bin: s.bin, port: FreePort(t)}
	h := postgresHome(t)
	out, err := h.command(filepath.Join(s.bin, "pg_basebackup"), "-D", h.dir+"/data", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "postgres",
		"-R", "-X", "stream", "-c", "fast").CombinedOutput()
	if err != nil {
		h.remove()
		t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	r.serve(t, h)
	return r
}

// Stop ends the server as an operator does who won't wait for its users.
func (s *PostgresServer) Stop(t testing.TB) {
	t.Helper()
	if out, err := s.home.command(filepath.Join(s.bin, "pg_ctl"), "-D", s.home.dir+"/data", "-m", "fast", "-w", "stop").CombinedOutput(); err != nil {
		t.Fatalf("pg_ctl: %v: %s", err, out)
	}
}

// Promote makes a replica a primary.
func (s *PostgresServer) Promote(t testing.TB) {
	t.Helper()
	s.Exec(t, "SELECT pg_promote()")
}

// Exec runs a statement.
func (s *PostgresServer) Exec(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerWithin)
	defer cancel()
	err := withPostgres(ctx, s.URL(), func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, statement)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Query gives the one value of a query, as text.
func (s *PostgresServer) Query(t testing.TB, query string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerWithin)
	defer cancel()
	var value any
	err := withPostgres(ctx, s.URL(), func(c *pgx.Conn) error { return c.QueryRow(ctx, query).Scan(&value) })
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return fmt.Sprint(value)
}

// URL is that of the database postgres.
func (s *PostgresServer) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// Address is its host and port.
func (s *PostgresServer) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func postgresHome(t testing.TB) home {
	t.Helper()
	h, err := newHome("keystone-postgres-")
	if err != nil {
		needed(t, "postgres", err)
	}
	return h
}

// serve starts the server. A process that is killed loses nothing that it has
// written, so nothing is flushed to the disk: that would only be slow.
func (s *PostgresServer) serve(t testing.TB, h home) {
	t.Helper()
	answers := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return postgres.ping(ctx, s.URL())
	}
	s.Process = newProcess(t, h, answers, filepath.Join(s.bin, "postgres"), "-D", h.dir+"/data", "-F", "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "wal_level=replica",
		"-c", "hot_standby=on", "-c", "max_wal_senders=5", "-c", "wal_keep_size=128MB", "-c", "shared_buffers=32MB",
		"-c", "wal_retrieve_retry_interval=200ms", "-c", "synchronous_commit=off") // Keystone asks for more by itself
	s.Start(t)
}

// RedisServer is a server of one test's own that keeps nothing on disk.
type RedisServer struct {
	*Process

	port int
}

// NewRedis starts a server with more arguments.
func NewRedis(t testing.TB, arguments ...string) *RedisServer {
	t.Helper()
	return newRedis(t, func(string) []string { return arguments })
}

func newRedis(t testing.TB, arguments func(dir string) []string) *RedisServer {
	t.Helper()
	program, err := binary("redis-server", "/usr/local/bin", "/opt/homebrew/bin")
	needed(t, "redis-server", err)
	s := &RedisServer{port: FreePort(t)}
	answers := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return redis.ping(ctx, s.URL())
	}
	s.Process = RunProcess(t, answers, func(dir string) []string {
		command := append([]string{program}, arguments(dir)...)
		return append(command, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir)
	})
	return s
}

// URL is that of the server.
func (s *RedisServer) URL() string { return "redis://" + s.Address() }

// Address is its host and port.
func (s *RedisServer) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Port is its port.
func (s *RedisServer) Port() int { return s.port }

// Replica starts a server that follows this one.
func (s *RedisServer) Replica(t testing.TB) *RedisServer {
	t.Helper()
	return NewRedis(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(s.port), "--repl-diskless-sync-delay", "0")
}
