package seed

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/load/ceiling"
)

// Plan says how much there shall be.
type Plan struct {
	First  int // the number of the first user
	Users  int
	Tokens int // of each user, the last of them unspent
	// Told is called with the rows written so far and those that there will be.
	Told func(done, of int64)
}

// Rows is how many rows a plan writes.
func (p Plan) Rows() int64 { return int64(p.Users) * int64(3+p.Tokens) }

const (
	day     = 24 * time.Hour
	step    = 10 * time.Minute // between the tokens of a chain
	expires = 30 * day
)

// Username is how user n logs in: some syllables and the number. If all names
// began alike, looking for one would have to pass over all of them.
func Username(n int) string {
	const consonants, vowels = "bdfghklmnprstvz", "aeiou"
	name := make([]byte, 0, 16)
	for mixed, i := uint32(n)*2654435761, 0; i < 3; i++ { // Knuth's multiplicative hash
		name = append(name, consonants[mixed>>8%uint32(len(consonants))], vowels[mixed%uint32(len(vowels))])
		mixed = mixed*1664525 + 1013904223
	}
	return string(strconv.AppendInt(append(name, '-'), int64(n), 10))
}

// Token is the unspent refresh token of user n.
func Token(n, tokens int) string { return chainToken(n, tokens-1).Reveal() }

func chainToken(n, place int) secret {
	var number [16]byte
	binary.BigEndian.PutUint64(number[:], uint64(n))
	binary.BigEndian.PutUint64(number[8:], uint64(place))
	return token.NewOpaque(token.RefreshPrefix, sha256.Sum256(number[:]))
}

// Load writes what is planned. Large tables lose their indexes meanwhile, and
// get them back; nobody may use the database until it returns.
func Load(ctx context.Context, url string, plan Plan) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	hash, err := argon2id.CreateHash(ceiling.Password, &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		return err
	}
	l := &loader{Plan: plan, hash: hash, now: time.Now().UTC().Truncate(time.Microsecond), connection: c}
	if l.Told == nil {
		l.Told = func(int64, int64) {}
	}
	if err := c.QueryRow(ctx, "SELECT id FROM roles WHERE name = 'user'").Scan(&l.role); err != nil {
		return err
	}
	if plan.Users < fewUsers {
		err = l.load(ctx)
	} else {
		err = withoutIndexes(ctx, c, []string{"users", "user_roles", "sessions", "refresh_tokens"}, func() error { return l.load(ctx) })
	}
	if err != nil {
		return err
	}
	return l.settle(ctx)
}

// fewUsers are written faster than indexes are built.
const fewUsers = 100_000

type loader struct {
	Plan
	connection *pgx.Conn
	hash       string
	role       uuid.UUID
	now        time.Time
	done       int64
}

func (l *loader) load(ctx context.Context) error {
	users, sessions := l.ids(), l.ids()
	began := l.now.Add(-time.Duration(l.Tokens) * step)
	tables := []struct {
		name    string
		columns []string
		rows    int
		row     func(i int) []any
	}{
		{"users", []string{
			"id", "username", "username_folded", "email", "email_folded", "password_hash", "is_verified", "search", "password_changed_at", "created_at", "updated_at",
		}, l.Users, func(i int) []any {
			name := Username(l.First + i)
			email := name + "@example.com"
			return []any{users[i], name, name, email, email, l.hash, true, name + "\n" + email + "\n\n\n", began, began, began}
		}},
		{"user_roles", []string{"user_id", "role_id", "assigned_at"}, l.Users, func(i int) []any {
			return []any{users[i], l.role, began}
		}},
		{"sessions", []string{"id", "user_id", "client_id", "address", "user_agent", "created_at", "expires_at"}, l.Users, func(i int) []any {
			return []any{sessions[i], users[i], "keystone", "192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64)", began, began.Add(3 * expires)}
		}},
		{"refresh_tokens", []string{
			"id", "jti", "session_id", "user_id", "client_id", "scope", "expires_at", "is_used", "created_at", "used_at", "successor_key",
		}, l.Users * l.Tokens, func(i int) []any {
			// Place after place, as time would have written them.
			n, place := i%l.Users, i/l.Users
			created := began.Add(time.Duration(place) * step)
			var used any
			key := ""
			if place < l.Tokens-1 {
				used, key = created.Add(step), "5eed5eed"
			}
			digest := string(token.DigestOf(chainToken(l.First+n, place)))
			return []any{newID(), digest, sessions[n], users[n], "keystone", "read:profile write:profile", created.Add(expires), used != nil, created, used, key}
		}},
	}
	for _, table := range tables {
		i := -1
		rows := pgx.CopyFromFunc(func() ([]any, error) {
			if i++; i >= table.rows {
				return nil, nil
			}
			if l.done++; l.done%1000 == 0 {
				l.Told(l.done, l.Rows())
			}
			return table.row(i), nil
		})
		if _, err := l.connection.CopyFrom(ctx, pgx.Identifier{table.name}, table.columns, rows); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	l.Told(l.done, l.Rows())
	return nil
}

// settle does what the server would do soon, while others measure.
func (l *loader) settle(ctx context.Context) error {
	if _, err := l.connection.Exec(ctx, "VACUUM (ANALYZE) users, user_roles, sessions, refresh_tokens"); err != nil {
		return err
	}
	_, _ = l.connection.Exec(ctx, "CHECKPOINT") // where the role may
	return nil
}

func (l *loader) ids() []uuid.UUID {
	ids := make([]uuid.UUID, l.Users)
	for i := range ids {
		ids[i] = newID()
	}
	return ids
}

// newID is as Keystone makes them: UUIDs of version 7, in the order of time.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
