package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	driversqlite "modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"

	"github.com/keystone-auth/keystone/domain"
)

// retryAfter is when a caller may try again what failed for the store's sake.
const retryAfter = time.Second

// translate turns whatever a driver says into the domain's words. An end of
// the context stays recognisable through errors.Is.
func translate(ctx context.Context, err error) error {
	var known *domain.Error
	var pg *pgconn.PgError
	var lite *driversqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return domain.NotFound("there is no such thing").Because(err)
	case ctx.Err() != nil:
		// Drivers report it in words of their own.
		return domain.Unavailable(fmt.Errorf("%w: %w", context.Cause(ctx), err), retryAfter)
	case errors.Is(err, errExhausted), isConflict(err):
		return domain.Unavailable(err, retryAfter)
	case unreachable(err): // whatever it says for a reason
		return domain.Unavailable(err, retryAfter)
	case errors.As(err, &pg):
		return translatePostgres(pg, err)
	case errors.As(err, &lite):
		return translateSQLite(lite, err)
	}
	return domain.Internal(err)
}

// isConflict tells whether running the transaction again may help: a
// serialization failure, a deadlock, or a lock that was not to be had.
func isConflict(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	var lite *driversqlite.Error
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff // less the extension
		return code == sqlitecode.SQLITE_BUSY || code == sqlitecode.SQLITE_LOCKED
	}
	return false
}

// isUnavailable tells whether a translated error is the store's own trouble.
func isUnavailable(err error) bool { return domain.AsError(err).Kind == domain.KindUnavailable }

// isStatementTimeout tells whether the server gave a statement up for its time.
func isStatementTimeout(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}

// isReferred tells whether other rows refer to what was to be deleted, or a
// reference is to nothing: SQLite does not tell which.
func isReferred(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23503"
	}
	var lite *driversqlite.Error
	return errors.As(err, &lite) && lite.Code() == sqlitecode.SQLITE_CONSTRAINT_FOREIGNKEY
}

// translatePostgres reads a SQLSTATE (PostgreSQL, appendix A).
func translatePostgres(pg *pgconn.PgError, err error) error {
	switch {
	case pg.Code == "23505":
		return taken(pg.ConstraintName, err)
	case pg.Code == "23503":
		return dangling(pg.ConstraintName, err)
	// Connections lost, resources short, shut down, cancelled by a time limit, a
	// disk that fails; a login refused or a database that is not there, by what a
	// pooler says later; a standby.
	case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "57"), strings.HasPrefix(pg.Code, "58"),
		strings.HasPrefix(pg.Code, "28"), pg.Code == "3D000", pg.Code == "25006":
		return domain.Unavailable(err, retryAfter)
	}
	return domain.Internal(err)
}

func translateSQLite(lite *driversqlite.Error, err error) error {
	switch lite.Code() {
	case sqlitecode.SQLITE_CONSTRAINT_UNIQUE, sqlitecode.SQLITE_CONSTRAINT_PRIMARYKEY:
		return taken(lite.Error(), err) // names table.column
	}
	switch lite.Code() & 0xff {
	case sqlitecode.SQLITE_IOERR, sqlitecode.SQLITE_FULL, sqlitecode.SQLITE_CANTOPEN, sqlitecode.SQLITE_READONLY:
		return domain.Unavailable(err, retryAfter)
	}
	return domain.Internal(err)
}

// taken names the uniqueness that was broken.
func taken(constraint string, err error) error {
	switch {
	case strings.Contains(constraint, "username_folded"):
		return usernameTaken().Because(err)
	case strings.Contains(constraint, "email_folded"):
		return emailTaken().Because(err)
	}
	return domain.Conflict(domain.CodeConflict, "it exists already").Because(err)
}

// dangling names the reference to nothing.
func dangling(constraint string, err error) error {
	switch constraint {
	case "user_roles_role_id_fkey":
		return unknownRole().Because(err)
	case "role_scopes_scope_id_fkey", "service_client_scopes_scope_id_fkey":
		return unknownScope().Because(err)
	}
	return domain.Internal(err)
}

// unreachable tells whether the store did not answer at all, or let nobody in.
func unreachable(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		err.Error() == "sql: database is closed" // not exported
}

func usernameTaken() *domain.Error {
	return domain.Conflict(domain.CodeUsernameTaken, "the username is taken")
}

func emailTaken() *domain.Error {
	return domain.Conflict(domain.CodeEmailTaken, "the e-mail address is taken")
}

func unknownRole() *domain.Error {
	return domain.Invalid(domain.CodeUnknownRole, "there is no such role")
}

func unknownScope() *domain.Error {
	return domain.Invalid(domain.CodeUnknownScope, "there is no such scope")
}

func changedSince() *domain.Error {
	return domain.Conflict(domain.CodeConflict, "it was changed by someone else")
}
