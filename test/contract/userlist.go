package contract

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunUserList holds an implementation to outbound.UserList.
func RunUserList(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("filters", func(t *testing.T) { userListFilters(t, s) })
	t.Run("text", func(t *testing.T) { userListText(t, s) })
	t.Run("pages", func(t *testing.T) { userListPages(t, s) })
}

// listed gives who passes a filter, read in parts of two.
func (s Store) listed(t testing.TB, filter outbound.UserFilter) []user.Snapshot {
	t.Helper()
	var all []user.Snapshot
	page := domain.Page{Limit: 2}
	for range endless {
		part, err := s.UserList.List(within(t), filter, page)
		ok(t, err)
		all = append(all, part.Items...)
		if page.After = part.Next; page.After == "" {
			return all
		}
	}
	t.Fatal("the list has no end")
	return nil
}

func usernames(users []user.Snapshot) []string {
	var names []string
	for _, u := range users {
		names = append(names, string(u.Username))
	}
	slices.Sort(names)
	return names
}

func userListFilters(t *testing.T, s Store) {
	mark := given.Name("mark")
	extra := given.Role()
	s.given(t, extra)
	add := func(name string, change func(*user.Snapshot)) {
		s.given(t, given.User(fullUser, func(u *user.Snapshot) {
			full := given.User().Snapshot()
			u.Username, u.Email, u.DisplayName = user.Username(name+"-"+mark), full.Email, mark
			change(u)
		}))
	}
	add("plain", func(*user.Snapshot) {})
	add("disabled", func(u *user.Snapshot) { u.IsActive = false })
	add("unverified", func(u *user.Snapshot) { u.IsVerified = false })
	add("roled", func(u *user.Snapshot) { u.Roles = []role.Name{extra.Name(), role.User} })
	add("young", func(u *user.Snapshot) { u.CreatedAt = given.Now.Add(time.Hour) })
	yes, no := true, false
	for name, c := range map[string]struct {
		filter outbound.UserFilter
		want   []string
	}{
		"none":                    {outbound.UserFilter{}, []string{"disabled", "plain", "roled", "unverified", "young"}},
		"active":                  {outbound.UserFilter{IsActive: &yes}, []string{"plain", "roled", "unverified", "young"}},
		"disabled":                {outbound.UserFilter{IsActive: &no}, []string{"disabled"}},
		"unverified":              {outbound.UserFilter{IsVerified: &no}, []string{"unverified"}},
		"of a role":               {outbound.UserFilter{Role: extra.Name()}, []string{"roled"}},
		"of no role there is":     {outbound.UserFilter{Role: role.Name(given.Name("none"))}, nil},
		"created after":           {outbound.UserFilter{CreatedAfter: given.Now}, []string{"young"}},
		"created after all that":  {outbound.UserFilter{CreatedAfter: given.Now.Add(-24 * time.Hour)}, []string{"disabled", "plain", "roled", "unverified", "young"}},
		"of a role, and later":    {outbound.UserFilter{CreatedAfter: given.Now.Add(-24 * time.Hour), Role: extra.Name()}, []string{"roled"}},
		"created after that, too": {outbound.UserFilter{CreatedAfter: given.Now.Add(time.Hour)}, nil},
		"several at once":         {outbound.UserFilter{IsActive: &yes, IsVerified: &yes, Role: role.Admin}, []string{"plain", "young"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.filter.Text = mark
			var want []string
			for _, w := range c.want {
				want = append(want, w+"-"+mark)
			}
			same(t, "users", usernames(s.listed(t, c.filter)), want)
		})
	}
	t.Run("a listed user leaves no field out", func(t *testing.T) {
		u := given.User(fullUser)
		s.given(t, u)
		got := s.listed(t, outbound.UserFilter{Text: string(u.Username())})
		if len(got) != 1 {
			t.Fatalf("found %d", len(got))
		}
		same(t, "user", got[0], u.Snapshot())
	})
}

func userListText(t *testing.T, s Store) {
	tag := given.Name("t")
	u := given.User(func(u *user.Snapshot) {
		u.Username, u.Email = user.Username("X"+tag+".Name"), user.Email("mail_"+tag+"@Example.com")
		u.FirstName, u.LastName, u.DisplayName = `100%_\'"`+tag, "Stra\u00dfe"+tag, "\u0130\u00c9"+tag
	})
	s.given(t, u, given.User(), given.User(func(u *user.Snapshot) { u.FirstName = `100xx\'"` + tag }))
	found := []string{string(u.Username())}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"the first letters":          {"X" + tag, found},
		"in capitals":                {strings.ToUpper("x" + tag), found},
		"an address in capitals":     {"MAIL_" + tag, found},
		"the middle of an address":   {tag + "@eXample", found},
		"what looks like a pattern":  {`100%_\'"` + tag, found},
		"a letter folded to two":     {"STRASSE" + tag, found},
		"an accent":                  {"\u00e9" + tag, found},
		"a word and the next letter": {"TRASSE" + tag[:1], found},
		"decomposed letters":         {"I\u0307E\u0301" + tag, found},
		"a sign in full width":       {`'"` + tag + "\uFF05", nil},
		"one letter more":            {"straßen" + tag, nil},
		"a star":                     {"*" + tag, nil},
		"quoted words":               {`"` + tag + `" OR "` + tag + `"`, nil},
		"quotes":                     {`"""`, nil},
		"a column of an index":       {"search : " + tag, nil},
		"an operator of an index":    {"NEAR(" + tag + ")", nil},
		"a pattern of any letters":   {tag + "%", nil},
		"a pattern within":           {"mail%" + tag, nil},
		"another letter":             {"mailx" + tag, nil},
		"two fields":                 {tag + ".Name\nmail_", nil},
		"code":                       {"' OR ''='", nil},
		"an escaped pattern":         {`\_`, nil},
		"bytes that are no text":     {"\x00\xff", nil},
		"more than a field can hold": {strings.Repeat("no such text", 9), nil},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, "users", usernames(s.listed(t, outbound.UserFilter{Text: c.text})), c.want)
		})
	}
	t.Run("one and two characters are enough", func(t *testing.T) {
		rare := given.User(func(u *user.Snapshot) { u.DisplayName = "\u1E9E\U00010428\u00DC" }) // which Fold makes ss and two more
		s.given(t, rare)
		for _, text := range []string{"\U00010400", "\U00010400\u00FC", "\u00DF\U00010428", "S\U00010428\u00FC"} {
			same(t, fmt.Sprintf("%q", text), usernames(s.listed(t, outbound.UserFilter{Text: text})), []string{string(rare.Username())})
		}
	})
	t.Run("who is deleted is not found, and whoever has the name next is", func(t *testing.T) {
		name := given.Name("deleted")
		again := func(u *user.Snapshot) { u.LastName = name }
		u := given.User(again)
		s.given(t, u)
		ok(t, s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			gone := user.Rehydrate(u.Snapshot())
			gone.Delete(domain.System, given.Now)
			return r.Users.Delete(ctx, gone)
		}))
		same(t, "deleted", usernames(s.listed(t, outbound.UserFilter{Text: name})), []string(nil))
		next := given.User(again)
		s.given(t, next)
		same(t, "next", usernames(s.listed(t, outbound.UserFilter{Text: name})), []string{string(next.Username())})
	})
	t.Run("what was renamed is found by its new name only", func(t *testing.T) {
		before, after := given.Name("before"), given.Name("after")
		u := given.User(func(u *user.Snapshot) { u.LastName = before })
		s.given(t, u)
		ok(t, s.save(t, edited(u, func(next *user.Snapshot) { next.LastName = after })))
		same(t, "before", usernames(s.listed(t, outbound.UserFilter{Text: before})), []string(nil))
		same(t, "after", usernames(s.listed(t, outbound.UserFilter{Text: after})), []string{string(u.Username())})
	})
}

func userListPages(t *testing.T, s Store) {
	mark := given.Name("page")
	add := func() *user.User {
		u := given.User(func(u *user.Snapshot) { u.LastName = mark })
		s.given(t, u)
		return u
	}
	var ids []string
	for range 5 {
		ids = append(ids, add().ID().String())
	}
	slices.Sort(ids)
	filter := outbound.UserFilter{Text: mark}
	first, err := s.UserList.List(within(t), filter, domain.Page{Limit: 3})
	ok(t, err)
	same(t, "the first part", len(first.Items), 3)
	same(t, "its key", first.Next, ids[2])
	t.Run("what is added meanwhile hides and repeats nothing", func(t *testing.T) {
		late := add().ID().String()
		rest, err := s.UserList.List(within(t), filter, domain.Page{Limit: 100, After: first.Next})
		ok(t, err)
		var got []string
		for _, u := range rest.Items {
			if u.ID.String() != late {
				got = append(got, u.ID.String())
			}
		}
		same(t, "the rest", got, ids[3:])
		same(t, "its key", rest.Next, "")
	})
	t.Run("a key of no list is validation_failed", func(t *testing.T) {
		_, err := s.UserList.List(within(t), filter, domain.Page{Limit: 3, After: "nonsense"})
		wantCode(t, err, domain.CodeInvalidInput)
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, err := s.UserList.List(ended(t), filter, domain.Page{Limit: 3})
		wantStopped(t, "List", err)
	})
}
