package database_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// found reads a list to its end, a thousand at a time.
func found(t *testing.T, list *database.UserList, filter outbound.UserFilter) []domain.ID {
	t.Helper()
	var ids []domain.ID
	for page := (domain.Page{Limit: 1000}); ; {
		part, err := list.List(t.Context(), filter, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range part.Items {
			ids = append(ids, u.ID)
		}
		if page.After = part.Next; page.After == "" {
			return ids
		}
	}
}

// Texts that few have and texts that many have take two ways to the same list.
func TestSearchKeepsTheOrderOfTheList(t *testing.T) {
	const people = 10_500 // more than are sorted
	onBoth(t, func(t *testing.T, url string) {
		list := database.NewUserList(migrated(t, url, 2))
		fill(t, url, people)
		if _, err := raw(t, url).Exec("UPDATE users SET search = NULL WHERE username IN ('member1500', 'member2')"); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]int{"member": people, "member1": 1612, "MEMBER150": 11, "member1500": 1, "mber2@": 1} {
			for name, filter := range map[string]outbound.UserFilter{"": {Text: text}, ", by time": {Text: text, CreatedAfter: crowdsBirth}} {
				t.Run(fmt.Sprintf("%q%s", text, name), func(t *testing.T) {
					ids := found(t, list, filter)
					if len(ids) != want {
						t.Errorf("found %d, want %d", len(ids), want)
					}
					for i := range ids {
						if i > 0 && strings.Compare(ids[i-1].String(), ids[i].String()) >= 0 {
							t.Fatalf("%s comes before %s", ids[i-1], ids[i])
						}
					}
				})
			}
		}
	})
}

// The step that brings the index fills it, and going back takes nothing along.
func TestSearchIndexIsFilledByItsStep(t *testing.T) {
	url := emptySQLite(t)
	db := migrated(t, url, 2)
	fill(t, url, 50)
	store, schema, list := raw(t, url), database.NewSchema(db), database.NewUserList(db)
	if version, err := schema.Down(t.Context()); err != nil || version != 14 {
		t.Fatalf("down led to %d (%v)", version, err)
	}
	if _, err := store.Exec("UPDATE users SET search = replace(search, 'member7', 'zebra7') WHERE username = 'member7'"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Exec("DELETE FROM users WHERE username = 'member8'"); err != nil {
		t.Fatal(err)
	}
	if _, err := schema.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"zebra7": 1, "member7": 0, "member8": 0, "member9": 1, "member": 48} {
		if ids := found(t, list, outbound.UserFilter{Text: text}); len(ids) != want {
			t.Errorf("%s: found %d, want %d", text, len(ids), want)
		}
	}
}

// A vacuum may give the rows of users other numbers; a backup is made by one.
func TestSearchIndexOutlivesAVacuum(t *testing.T) {
	url := emptySQLite(t)
	list := database.NewUserList(migrated(t, url, 2))
	fill(t, url, 50)
	store := raw(t, url)
	for _, statement := range []string{"DELETE FROM users WHERE username < 'member30'", "VACUUM"} {
		if _, err := store.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]int{"member42": 1, "member12": 0} {
		if ids := found(t, list, outbound.UserFilter{Text: text}); len(ids) != want {
			t.Errorf("%s: found %d, want %d", text, len(ids), want)
		}
	}
}

// Of who was deleted or renamed no part of the former name stays in the index.
func TestSearchIndexForgets(t *testing.T) {
	url := emptySQLite(t)
	db := migrated(t, url, 2)
	work, store := database.NewUnitOfWork(db), raw(t, url)
	do := func(change func(context.Context, outbound.Users) error) {
		t.Helper()
		err := work.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error { return change(ctx, r.Users) })
		if err != nil {
			t.Fatal(err)
		}
	}
	deleted := given.User(func(u *user.Snapshot) { u.LastName = "☃deleted" })
	renamed := given.User(func(u *user.Snapshot) { u.LastName = "☃renamed" })
	holds := func() (blocks int) {
		t.Helper()
		if err := store.QueryRow("SELECT count(*) FROM user_search_data WHERE instr(block, CAST('☃' AS BLOB)) > 0").Scan(&blocks); err != nil {
			t.Fatal(err)
		}
		return blocks
	}
	do(func(ctx context.Context, users outbound.Users) error { return users.Add(ctx, deleted) })
	do(func(ctx context.Context, users outbound.Users) error { return users.Add(ctx, renamed) })
	if holds() == 0 {
		t.Fatal("the index is kept elsewhere")
	}
	do(func(ctx context.Context, users outbound.Users) error {
		return users.Delete(ctx, user.Rehydrate(deleted.Snapshot()))
	})
	do(func(ctx context.Context, users outbound.Users) error {
		u, err := users.Get(ctx, renamed.ID())
		if err != nil {
			return err
		}
		next := u.Snapshot()
		next.LastName, next.Revision = "other", next.Version
		return users.Save(ctx, user.Rehydrate(next))
	})
	if left := holds(); left != 0 {
		t.Errorf("%d blocks of the index still hold a name that nobody has", left)
	}
	if _, err := store.Exec("INSERT INTO user_search (user_search) VALUES ('integrity-check')"); err != nil {
		t.Error(err)
	}
}
