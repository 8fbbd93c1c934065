package ceiling

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
)

// schema has the columns and indexes that a refresh touches, and no others.
const schema = `
CREATE TABLE holders (id uuid PRIMARY KEY, username text NOT NULL, is_active boolean NOT NULL);
CREATE TABLE sessions (
    id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES holders (id), expires_at timestamptz NOT NULL, ended_at timestamptz
);
CREATE TABLE tokens (
    id uuid PRIMARY KEY, jti text NOT NULL UNIQUE, session_id uuid NOT NULL REFERENCES sessions (id), user_id uuid NOT NULL, client_id text NOT NULL,
    scope text NOT NULL, expires_at timestamptz NOT NULL, is_revoked boolean NOT NULL DEFAULT FALSE, is_used boolean NOT NULL DEFAULT FALSE,
    created_at timestamptz NOT NULL, used_at timestamptz, successor_key text NOT NULL DEFAULT ''
) WITH (fillfactor = 90);
CREATE INDEX ON tokens (session_id);
CREATE INDEX ON tokens (user_id);
CREATE INDEX ON tokens (user_id, client_id);
CREATE INDEX ON tokens (expires_at);
CREATE TABLE happened (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, type text NOT NULL, actor_id text NOT NULL, subject_id text NOT NULL,
    subject_name text NOT NULL, address text NOT NULL, user_agent text NOT NULL, request_id text NOT NULL, occurred_at timestamptz NOT NULL
);
CREATE INDEX ON happened (occurred_at, seq);
CREATE INDEX ON happened (subject_id, occurred_at, seq);
CREATE INDEX ON happened (actor_id, occurred_at, seq);
CREATE INDEX ON happened (type, occurred_at, seq);`

// chains are ready to be spent: the first token of chain N is N.0.
const chains = `
WITH holder AS (
    INSERT INTO holders SELECT gen_random_uuid(), 'user' || n, TRUE FROM generate_series(0, $1::int - 1) AS n RETURNING id, username
), session AS (
    INSERT INTO sessions SELECT id, id, now() + interval '1 day' FROM holder
)
INSERT INTO tokens (id, jti, session_id, user_id, client_id, scope, expires_at, created_at)
SELECT gen_random_uuid(), replace(username, 'user', '') || '.0', id, id, 'keystone', 'read:profile write:profile', now() + interval '1 day', now() FROM holder`

// spend marks a token used, stores its successor and what happened, where the
// token, its session and its holder are good.
const spend = `
WITH spent AS (
    UPDATE tokens AS t SET is_used = TRUE, used_at = $3, successor_key = $4
    FROM sessions AS s JOIN holders AS h ON h.id = s.user_id
    WHERE t.jti = $1 AND t.client_id = $2 AND NOT t.is_used AND NOT t.is_revoked AND t.expires_at > $3
      AND s.id = t.session_id AND s.ended_at IS NULL AND s.expires_at > $3 AND h.is_active
    RETURNING t.session_id, t.user_id, t.client_id, t.scope, s.expires_at AS session_ends, h.username
), successor AS (
    INSERT INTO tokens (id, jti, session_id, user_id, client_id, scope, expires_at, created_at)
    SELECT $5::uuid, $6::text, session_id, user_id, client_id, scope, least($7, session_ends), $3 FROM spent
    RETURNING expires_at
), event AS (
    INSERT INTO happened (id, type, actor_id, subject_id, subject_name, address, user_agent, request_id, occurred_at)
    SELECT $8::uuid, 'token.refreshed', client_id, user_id::text, username, '127.0.0.1', '', $9::text, $3 FROM spent
)
SELECT spent.session_id, successor.expires_at FROM spent, successor`

// conns is the default of Keystone's pool.
const conns = 20

// Chains spends refresh tokens of many chains in turn.
type Chains struct {
	pool  *pgxpool.Pool
	steps []atomic.Int64 // -1 while one is being spent
	next  atomic.Int64
}

// OpenChains makes the tables in an empty database.
func OpenChains(ctx context.Context, url string, count int) (*Chains, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns = conns, conns
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, schema); err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, chains, count); err != nil {
		return nil, err
	}
	return &Chains{pool: pool, steps: make([]atomic.Int64, count)}, nil
}

// Close closes the connections.
func (c *Chains) Close() { c.pool.Close() }

// Spend spends the next token of the next chain that nobody is at.
func (c *Chains) Spend(ctx context.Context) error {
	for {
		chain := c.next.Add(1) % int64(len(c.steps))
		step := c.steps[chain].Swap(-1)
		if step < 0 {
			runtime.Gosched()
			continue
		}
		err := c.spend(ctx, chain, step)
		if err == nil {
			step++
		}
		c.steps[chain].Store(step)
		return err
	}
}

func (c *Chains) spend(ctx context.Context, chain, step int64) error {
	token := func(step int64) string { return strconv.FormatInt(chain, 10) + "." + strconv.FormatInt(step, 10) }
	now := time.Now()
	var session uuid.UUID
	var expires time.Time
	err := c.pool.QueryRow(ctx, spend, token(step), "keystone", now, "key", uuid.New(), token(step+1), now.Add(24*time.Hour), uuid.New(), "request").
		Scan(&session, &expires)
	if err != nil {
		return fmt.Errorf("spending %s: %w", token(step), err)
	}
	return nil
}

func statement(ctx context.Context, e *echo.Echo, orders Orders) error {
	chains, err := OpenChains(ctx, orders.Postgres, orders.Chains)
	if err != nil {
		return err
	}
	for name, answer := range orders.Answers {
		e.POST("/statement/"+name, func(c echo.Context) error {
			if err := chains.Spend(c.Request().Context()); err != nil {
				return err
			}
			return c.Blob(http.StatusOK, answer.ContentType, answer.Body)
		})
	}
	return nil
}
