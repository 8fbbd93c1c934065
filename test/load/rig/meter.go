package rig

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reading is what was used up to a moment. Counts are negative where they can't
// be read.
type Reading struct {
	At                                 time.Time
	Server, Postgres, Redis, Generator time.Duration // CPU
	SQL, Commands                      int64
}

// Read reads the meters for a server's process, zero for none, and its database.
func (s *Stores) Read(ctx context.Context, server int, database string) Reading {
	r := Reading{Generator: own(), SQL: s.statements(ctx, database), Commands: s.commands(ctx)}
	if server != 0 {
		r.Server = CPU(server)
	}
	if s.postgresPID != 0 {
		r.Postgres = CPU(s.postgresPID)
	}
	if s.redisPID != 0 {
		r.Redis = CPU(s.redisPID)
	}
	r.At = time.Now()
	return r
}

// statements counts those of one database, BEGIN and COMMIT included.
func (s *Stores) statements(ctx context.Context, database string) (n int64) {
	const sum = `SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid WHERE d.datname = $1`
	if err := s.admin.QueryRow(ctx, sum, database).Scan(&n); err != nil {
		return -1
	}
	return n
}

// commands counts those that clients sent.
func (s *Stores) commands(ctx context.Context) int64 {
	info, err := s.redis.Do(ctx, s.redis.B().Info().Section("commandstats").Build()).ToString()
	if err != nil {
		return -1
	}
	return countCommands(info)
}

// byScripts are the commands that only the scripts of the rate limits run, which
// Redis counts as well: what matters is how often it is asked.
var byScripts = []string{"hget", "hgetall", "hdel", "hincrby", "pexpire"}

// countCommands adds up the lines cmdstat_NAME:calls=N,…, except for the
// question itself.
func countCommands(info string) (total int64) {
	for each := range strings.Lines(info) {
		name, figures, found := strings.Cut(strings.TrimSpace(each), ":calls=")
		name, ours := strings.CutPrefix(name, "cmdstat_")
		if !found || !ours || name == "info" || slices.Contains(byScripts, name) {
			continue
		}
		calls, _, _ := strings.Cut(figures, ",")
		n, err := strconv.ParseInt(calls, 10, 64)
		if err == nil {
			total += n
		}
	}
	return total
}

// line gives what follows a prefix on a line of its own.
func line(text, prefix string) string {
	for each := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(each, prefix); found {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
