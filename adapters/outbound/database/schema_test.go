package database_test

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/migrations"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// raw opens the same store past the adapter.
func raw(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if path, found := strings.CutPrefix(url, "sqlite://"); found {
		driver, name = "sqlite", path
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestSchemaGoesUpDownAndUp(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		schema := database.NewSchema(open(t, url, 2))
		current, newest, err := schema.Status(t.Context())
		if err != nil || current != 0 || newest == 0 {
			t.Fatalf("an empty store has version %d of %d (%v)", current, newest, err)
		}
		for range 2 {
			version, err := schema.Up(t.Context())
			if err != nil || version != newest {
				t.Fatalf("up led to %d of %d (%v)", version, newest, err)
			}
			for at := newest; at > 0; { // numbers may have gaps
				version, err := schema.Down(t.Context())
				if err != nil || version >= at || version < 0 {
					t.Fatalf("down from %d led to %d (%v)", at, version, err)
				}
				at = version
			}
			if _, err := schema.Down(t.Context()); !domain.HasCode(err, domain.CodeConflict) {
				t.Fatalf("down from nothing: %v", err)
			}
		}
	})
}

func TestInstancesMigrateAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		const instances = 4
		errs := make([]error, instances)
		versions := make([]int64, instances)
		var running sync.WaitGroup
		for i := range instances {
			schema := database.NewSchema(open(t, url, 1))
			running.Go(func() { versions[i], errs[i] = schema.Up(context.Background()) })
		}
		running.Wait()
		for i, err := range errs {
			if err != nil || versions[i] != versions[0] || versions[i] == 0 {
				t.Errorf("instance %d: version %d (%v)", i, versions[i], err)
			}
		}
	})
}

// An older program goes on serving while a step runs: an index on a table that
// it writes to must not lock the table.
func TestStepsDoNotLockTablesInUse(t *testing.T) {
	names, err := migrations.Postgres.ReadDir("postgres")
	if err != nil {
		t.Fatal(err)
	}
	made := regexp.MustCompile(`CREATE (?:UNIQUE )?INDEX (\w+) ON (\w+)`)
	for _, name := range names {
		step, err := migrations.Postgres.ReadFile("postgres/" + name.Name())
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(step), "-- +goose Down")
		for _, index := range made.FindAllStringSubmatch(up, -1) {
			// Those of 0.1.0 are out; theirs ran before anybody had rows.
			if name.Name() > "00012" && !strings.Contains(up, "CREATE TABLE "+index[2]+" ") {
				t.Errorf("%s: %s locks %s: make it concurrently", name.Name(), index[1], index[2])
			}
		}
	}
}

// What a concurrent step left when it broke off is no obstacle to the next try.
func TestBrokenOffStepIsDoneAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		if strings.HasPrefix(url, "sqlite:") {
			return // its steps are transactions
		}
		schema := database.NewSchema(migrated(t, url, 2))
		for at := int64(12); at >= 12; {
			version, err := schema.Down(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			at = version
		}
		db := raw(t, url)
		if _, err := db.Exec("CREATE INDEX users_is_active_id_idx ON users (id)"); err != nil {
			t.Fatal(err)
		}
		if _, err := schema.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		var definition string
		if err := db.QueryRow("SELECT indexdef FROM pg_indexes WHERE indexname = 'users_is_active_id_idx'").Scan(&definition); err != nil || !strings.Contains(definition, "(is_active, id)") {
			t.Errorf("the index is %q (%v)", definition, err)
		}
	})
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		schema := database.NewSchema(migrated(t, url, 2))
		if _, err := raw(t, url).Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)"); err != nil {
			t.Fatal(err)
		}
		if version, err := schema.Up(t.Context()); err != nil || version != 99999 {
			t.Errorf("got version %d (%v)", version, err)
		}
	})
}

func TestSeedsAreTheDomains(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := migrated(t, url, 2)
		rows, err := raw(t, url).Query("SELECT name, resource FROM scopes")
		if err != nil {
			t.Fatal(err)
		}
		var scopes []scope.Name
		for rows.Next() {
			var name scope.Name
			var resource string
			if err := rows.Scan(&name, &resource); err != nil {
				t.Fatal(err)
			}
			if resource != name.Resource() {
				t.Errorf("%s has the resource %s", name, resource)
			}
			scopes = append(scopes, name)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(scope.Builtin(), scope.NewSet(scopes...)); diff != "" {
			t.Error(diff)
		}
		err = database.NewUnitOfWork(db).Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
			for _, name := range []role.Name{role.User, role.Admin} {
				found, err := r.Roles.Get(ctx, name)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(role.BuiltinScopes(name), found.Scopes()); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := database.NewClientDirectory(db).ByClientID(t.Context(), client.FirstParty)
		if err != nil {
			t.Fatal(err)
		}
		if !c.IsPublic() || !c.IsActive() || c.SecretHash() != "" || !slices.Equal(c.Snapshot().GrantTypes, []string{"password", "refresh_token"}) {
			t.Errorf("the first-party client is %+v", c.Snapshot())
		}
	})
}

// TestColumnsOfTheContract holds the tables to the contract's section 6.
func TestColumnsOfTheContract(t *testing.T) {
	tables := map[string]string{
		"users": "id username email password_hash first_name last_name display_name bio is_active is_verified is_superuser last_login failed_login_attempts locked_until password_changed_at email_verification_token email_verification_sent_at password_reset_token password_reset_sent_at created_at updated_at",
		"roles": "id name description created_at updated_at", "scopes": "id name description resource created_at updated_at",
		"service_clients": "id client_id client_secret_hash name description is_active access_token_lifetime created_at updated_at",
		"refresh_tokens":  "id jti user_id client_id scope expires_at is_revoked is_used created_at used_at",
		"user_roles":      "user_id role_id assigned_at", "role_scopes": "role_id scope_id assigned_at",
		"service_client_scopes": "service_client_id scope_id assigned_at",
	}
	onBoth(t, func(t *testing.T, url string) {
		migrated(t, url, 2)
		db := raw(t, url)
		for table, columns := range tables {
			rows, err := db.Query("SELECT " + strings.ReplaceAll(columns, " ", ", ") + " FROM " + table)
			if err != nil {
				t.Errorf("%s: %v", table, err)
				continue
			}
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
