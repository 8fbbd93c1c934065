package database_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/services"
)

// hold takes every connection that requests have, until the test ends.
func hold(t *testing.T, db *database.DB) {
	t.Helper()
	for range db.Pool().Stats().MaxOpenConnections {
		held, err := db.Pool().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := held.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Nobody waits for a connection for as long as a client would wait for an answer.
func TestAnExhaustedPoolIsUnavailable(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := migrated(t, url, 2)
		hold(t, db)
		calls := map[string]error{
			"a unit of work": database.NewUnitOfWork(db).Do(t.Context(), func(context.Context, outbound.Repositories) error { return nil }),
		}
		if db.Driver() == "postgres" { // reading has a pool of its own on SQLite
			_, calls["a decision"] = database.NewClientDirectory(db).ByClientID(t.Context(), "nobody")
			_, calls["a list"] = database.NewUserList(db).List(t.Context(), outbound.UserFilter{}, domain.Page{Limit: 1})
			_, calls["a refresh"] = database.NewRefreshSpender(db).Spend(t.Context(), outbound.Spending{Now: clock{}.Now()})
		}
		for name, err := range calls {
			if domain.AsError(err).Kind != domain.KindUnavailable || errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want unavailable", name, err)
			}
		}
	})
}

// What the server would do without limits is held to them, whatever its defaults.
func TestConnectionsHaveLimits(t *testing.T) {
	db := open(t, services.Postgres(t), 2)
	for name, want := range map[string]string{
		"lock_timeout": "3s", "statement_timeout": "5s", "idle_in_transaction_session_timeout": "10s",
		"synchronous_commit": "on", "default_transaction_isolation": "read committed",
	} {
		var got string
		if err := db.Pool().QueryRowContext(t.Context(), "SELECT current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %s", name, got, err, want)
		}
	}
}

// A server that only reads is not the primary, whatever the URL says.
func TestAReadOnlyServerIsNoPrimary(t *testing.T) {
	db := open(t, services.Postgres(t)+"&default_transaction_read_only=on", 2)
	_, err := database.NewClientDirectory(db).ByClientID(t.Context(), "nobody")
	if domain.AsError(err).Kind != domain.KindUnavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

// A server that lets nobody in is away, whatever it says for a reason.
func TestAClosedDatabaseIsUnavailable(t *testing.T) {
	config, err := pgx.ParseConfig(services.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	closed := config.Database
	elsewhere := config.Copy()
	elsewhere.Database = "template1"
	operator, err := pgx.ConnectConfig(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	_, err = operator.Exec(t.Context(), "ALTER DATABASE "+pgx.Identifier{closed}.Sanitize()+" ALLOW_CONNECTIONS false")
	if err := errors.Join(err, operator.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	db := open(t, config.ConnString(), 2)
	_, err = database.NewClientDirectory(db).ByClientID(t.Context(), "nobody")
	var said *pgconn.PgError
	if !errors.As(err, &said) || said.Code != "55000" || domain.AsError(err).Kind != domain.KindUnavailable {
		t.Errorf("got %v, want unavailable by SQLSTATE 55000", err)
	}
}

// hangUpAt gives a server's URL by way of a line that is cut without an answer
// once a word is asked of it, and tells whether it was.
func hangUpAt(t *testing.T, to, word string) (way string, asked *atomic.Bool) {
	t.Helper()
	config, err := pgx.ParseConfig(to)
	if err != nil {
		t.Fatal(err)
	}
	server := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // nothing is lost with it
	asked = &atomic.Bool{}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return // closed
			}
			on, err := net.Dial("tcp", server)
			if err != nil {
				_ = from.Close() // the test notices
				continue
			}
			go func() {
				_, _ = io.Copy(from, on) // until either end is gone
				_ = from.Close()
			}()
			go func() {
				said := make([]byte, 64<<10)
				for {
					n, err := from.Read(said)
					if bytes.Contains(said[:n], []byte(word)) {
						asked.Store(true)
						break
					}
					if _, failure := on.Write(said[:n]); err != nil || failure != nil {
						break
					}
				}
				_, _ = from.Close(), on.Close()
			}()
		}
	}()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = listener.Addr().String()
	return u.String(), asked
}

// A server that is gone before it has answered is away, at each statement of a
// unit of work: what became of the last is known to nobody, and whoever asked
// may ask again.
func TestAServerThatHangsUpIsUnavailable(t *testing.T) {
	to := services.Postgres(t)
	migrated(t, to, 2)
	for _, at := range []string{"begin", "FROM users", "INSERT INTO \"signals\"", "\vcommit\x00"} { // the last with its length: it is in a parameter as well
		way, asked := hangUpAt(t, to, at)
		err := database.NewUnitOfWork(open(t, way, 2)).Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
			if _, err := r.Users.Get(ctx, domain.NoID); !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			return r.Signals.Append(ctx, token.Signal{Kind: token.SignalTokenRevoked, ID: "x", ExpiresAt: clock{}.Now()})
		})
		if domain.AsError(err).Kind != domain.KindUnavailable || !asked.Load() {
			t.Errorf("at %q: %v, want unavailable once it was asked", at, err)
		}
	}
}

// A replica that is away, or follows nobody, is passed over.
func TestListsFallBackToThePrimary(t *testing.T) {
	primary := services.Postgres(t)
	migrated(t, primary, 2)
	db, err := database.Open(t.Context(), database.Config{
		URL: primary, MaxConns: 2, ReplicaURLs: []string{services.Postgres(t), "postgres://127.0.0.1:1/nothing"},
	}, clock{}, random{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 20 {
		if _, err := database.NewScopeDirectory(db).List(t.Context(), domain.Page{Limit: 1}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	probes := database.NewReplicaProbes(db)
	if len(probes) != 2 || probes[0].Name() != "replica_1" || probes[1].Name() != "replica_2" {
		t.Fatalf("%d probes", len(probes))
	}
	for _, p := range probes {
		if err := p.Ping(t.Context()); !errors.Is(err, outbound.ErrDegraded) || p.Essential() {
			t.Errorf("%s: %v, want degraded, and not essential", p.Name(), err)
		}
	}
}

func TestSQLiteHasNoReplicas(t *testing.T) {
	if _, err := database.Open(t.Context(), database.Config{URL: emptySQLite(t), ReplicaURLs: []string{"postgres://h/d"}}, clock{}, random{}); err == nil {
		t.Error("opened")
	}
}
