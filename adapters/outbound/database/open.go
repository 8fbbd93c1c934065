package database

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.SessionOpener = (*SessionOpener)(nil)

// SessionOpener keeps logins.
type SessionOpener struct{ db *DB }

// NewSessionOpener makes the opener of a store.
func NewSessionOpener(db *DB) *SessionOpener { return &SessionOpener{db: db} }

// Open implements the port.
func (s *SessionOpener) Open(ctx context.Context, o outbound.Opening) error {
	db := s.db
	var events []eventRow
	atOnce := db.dialect == postgres && !o.Rehashed && len(o.Signals) == 1
	for _, e := range o.User.Drain() {
		events = append(events, db.eventRow(ctx, e))
		atOnce = atOnce && !db.follows(e.Type)
	}
	return db.persist(ctx, func() (conflict bool, err error) {
		if !atOnce || len(events) != 1 {
			return db.transact(ctx, func(ctx context.Context, t *transaction) error { return t.open(ctx, o, events) })
		}
		if err = db.openAtOnce(ctx, o, events[0]); err == nil {
			db.tell(ctx, events)
		}
		if err != nil && ctx.Err() == nil && isConflict(err) {
			return true, err
		}
		return false, translate(ctx, err)
	})
}

// openAll is transaction.open in one statement, for the usual login: one event
// that nothing follows from, one signal. Two logins of one account take turns at
// its row; neither moves the version.
const openAll = `
WITH account AS (
    UPDATE users SET last_login = $3, failed_login_attempts = $4, locked_until = $5 WHERE id = $1 AND version = $2
    RETURNING id
), session AS (
    INSERT INTO sessions (id, user_id, client_id, address, user_agent, created_at, expires_at)
    SELECT $6::uuid, id, $7::text, $8::text, $9::text, $10::timestamptz, $11::timestamptz FROM account
), refresh AS (
    INSERT INTO refresh_tokens (id, jti, session_id, user_id, client_id, scope, expires_at, created_at)
    SELECT $12::uuid, $13::text, $6, id, $7, $14::text, $15::timestamptz, $10 FROM account WHERE $13 <> ''
), event AS (
    INSERT INTO events (id, type, outcome, reason, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, address, user_agent, request_id, occurred_at)
    SELECT $16::uuid, $17::text, $18::text, $19::text, $20::text, $21::text, $22::text, $23::text, $24::text, $25::text, $26::text, $27::text, $28::text, $29::timestamptz FROM account
), signal AS (
    INSERT INTO signals (kind, subject, before, expires_at)
    SELECT $30::text, $31::text, $32::timestamptz, $33::timestamptz FROM account
)
SELECT id FROM account`

func (db *DB) openAtOnce(ctx context.Context, o outbound.Opening, e eventRow) error {
	u, session, first, signal := o.User.Snapshot(), newSessionRow(o.Session.Snapshot()), &refreshRow{}, o.Signals[0]
	if o.Refresh != nil {
		first = newRefreshRow(o.Refresh.Snapshot())
	}
	var opened struct {
		ID domain.ID `bun:"id"`
	}
	err := db.returning(ctx, &opened, openAll, u.ID, u.Revision, u.LastLogin, u.FailedLoginAttempts, absent(u.LockedUntil),
		session.ID, session.ClientID, session.Address, session.UserAgent, session.CreatedAt, session.ExpiresAt,
		first.ID, first.Digest, first.Scope, first.ExpiresAt,
		e.ID, e.Type, e.Outcome, e.Reason, e.ActorKind, e.ActorID, e.ActorName, e.SubjectKind, e.SubjectID, e.SubjectName,
		e.Address, e.UserAgent, e.RequestID, e.OccurredAt,
		string(signal.Kind), signal.ID, absent(signal.Before), signal.ExpiresAt)
	if errors.Is(err, sql.ErrNoRows) {
		return changedMeanwhile()
	}
	return err
}

// open keeps a login in several statements.
func (t *transaction) open(ctx context.Context, o outbound.Opening, events []eventRow) error {
	s := o.User.Snapshot()
	columns := []string{"last_login", "failed_login_attempts", "locked_until"}
	if o.Rehashed {
		columns = append(columns, "password_hash")
	}
	noted, err := t.exec(ctx, t.tx.NewUpdate().Model(newUserRow(s)).Column(columns...).WherePK().Where("u.version = ?", s.Revision))
	if err != nil {
		return err
	}
	if noted == 0 {
		return changedMeanwhile()
	}
	if err := (&sessions{t}).Add(ctx, o.Session); err != nil {
		return err
	}
	if o.Refresh != nil {
		if err := (&refreshTokens{t}).Add(ctx, o.Refresh); err != nil {
			return err
		}
	}
	t.events = append(t.events, events...)
	return (&signals{t}).Append(ctx, o.Signals...)
}

// absent makes the zero time NULL.
func absent(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

func changedMeanwhile() error {
	return domain.E(domain.KindPrecondition, domain.CodeVersion, "the account has changed since it was read")
}
