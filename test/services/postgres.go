package services

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

var postgres = service{
	name:     "POSTGRES",
	variable: "KEYSTONE_TEST_POSTGRES_URL",
	local:    []string{"postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable", "postgres://" + os.Getenv("USER") + "@127.0.0.1:5432/postgres?sslmode=disable"},
	ping: func(ctx context.Context, url string) error {
		return withPostgres(ctx, url, func(c *pgx.Conn) error { return c.Ping(ctx) })
	},
	image: image{
		repository: "postgres", tag: "17-alpine", port: "5432/tcp",
		env:     []string{"POSTGRES_HOST_AUTH_METHOD=trust"},
		command: []string{"postgres", "-F", "-c", "max_connections=200"},
		url:     "postgres://postgres@%s/postgres?sslmode=disable",
	},
	private: func(s service) (string, error) {
		return untilTheEnd(privatePostgres(s, "-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"))
	},
}

var postgresServer = sync.OnceValues(postgres.find)

// Postgres gives the URL of a fresh database, which is dropped when the test
// ends. Where the server can, text sorts in it by language and not by byte, as
// it does in most installations.
func Postgres(t testing.TB) string {
	t.Helper()
	server, err := postgresServer()
	if err != nil {
		postgres.missing(t, err)
	}
	name := fresh()
	if err := createDatabase(t.Context(), server, name); err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		err := withPostgres(ctx, server, func(c *pgx.Conn) error {
			_, err := c.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
			return err
		})
		if err != nil {
			t.Errorf("dropping the database: %v", err)
		}
	})
	database, err := url.Parse(server)
	if err != nil {
		t.Fatalf("the server's URL can't be read") // it may hold a password
	}
	database.Path = "/" + name
	return database.String()
}

func createDatabase(ctx context.Context, server, name string) error {
	return withPostgres(ctx, server, func(c *pgx.Conn) error {
		create := "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'"
		_, err := c.Exec(ctx, create+" LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
		if err != nil { // before version 15, or built without ICU
			_, err = c.Exec(ctx, create)
		}
		return err
	})
}

func withPostgres(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	err = do(c)
	if closing := c.Close(context.WithoutCancel(ctx)); err == nil {
		err = closing
	}
	return err
}

// StartPostgres starts a private server that commits durably, with settings as
// its command line takes them. It fails where this machine has no binaries.
func StartPostgres(settings ...string) (Private, error) {
	return privatePostgres(postgres, settings...)
}

// privatePostgres starts a server in a directory of its own.
func privatePostgres(s service, settings ...string) (Private, error) {
	initdb, err := binary("initdb", "/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
	if err != nil {
		return Private{}, err
	}
	installed, err := filepath.EvalSymlinks(initdb)
	if err != nil {
		return Private{}, err
	}
	server, err := binary("postgres", filepath.Dir(installed))
	if err != nil {
		return Private{}, err
	}
	home, err := newHome("keystone-postgres-")
	if err != nil {
		return Private{}, err
	}
	if out, err := home.command(initdb, "-D", home.dir+"/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N").CombinedOutput(); err != nil {
		home.remove()
		return Private{}, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return home.serve(s, "QUIT", func(port string) (string, []string) {
		return "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable", append([]string{
			server, "-D", home.dir + "/data", "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			"-c", "max_connections=200",
		}, settings...)
	})
}
