package database

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/user"
)

type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID                      domain.ID `bun:"id,pk"`
	Username                string    `bun:"username"`
	UsernameFolded          string    `bun:"username_folded"`
	Email                   string    `bun:"email"`
	EmailFolded             string    `bun:"email_folded"`
	PasswordHash            string    `bun:"password_hash"`
	FirstName               string    `bun:"first_name"`
	LastName                string    `bun:"last_name"`
	DisplayName             string    `bun:"display_name"`
	Bio                     string    `bun:"bio"`
	IsActive                bool      `bun:"is_active"`
	IsVerified              bool      `bun:"is_verified"`
	IsSuperuser             bool      `bun:"is_superuser"`
	LastLogin               time.Time `bun:"last_login,nullzero"`
	FailedLoginAttempts     int       `bun:"failed_login_attempts"`
	LockedUntil             time.Time `bun:"locked_until,nullzero"`
	PasswordChangedAt       time.Time `bun:"password_changed_at,nullzero"`
	EmailVerificationToken  string    `bun:"email_verification_token,nullzero"`
	EmailVerificationSentAt time.Time `bun:"email_verification_sent_at,nullzero"`
	PasswordResetToken      string    `bun:"password_reset_token,nullzero"`
	PasswordResetSentAt     time.Time `bun:"password_reset_sent_at,nullzero"`
	PendingEmail            string    `bun:"pending_email"`
	Phone                   string    `bun:"phone"`
	Version                 int64     `bun:"version"`
	CreatedAt               time.Time `bun:"created_at"`
	UpdatedAt               time.Time `bun:"updated_at"`
	Search                  string    `bun:"search,nullzero"` // see UserList

	Roles       string `bun:"roles,scanonly"`
	SeenVersion int64  `bun:"seen_version,scanonly"`
}

// rolesOfUser wants the user's id and a bracket after it: RETURNING does not
// know the alias of its table on SQLite.
const rolesOfUser = `(SELECT string_agg(r.name, ' ') FROM user_roles AS l JOIN roles AS r ON r.id = l.role_id WHERE l.user_id = `

// selectUser reads a user with the names of its roles. See transaction.locked
// for seen_version.
const selectUser = `
SELECT u.id, u.username, u.email, u.password_hash, u.first_name, u.last_name, u.display_name, u.bio,
       u.is_active, u.is_verified, u.is_superuser, u.last_login, u.failed_login_attempts, u.locked_until,
       u.password_changed_at, u.email_verification_token, u.email_verification_sent_at,
       u.password_reset_token, u.password_reset_sent_at, u.pending_email, u.phone, u.version, u.created_at, u.updated_at,
       ` + rolesOfUser + `u.id) AS roles,
       (SELECT v.version FROM users AS v WHERE v.id = u.id) AS seen_version
FROM users AS u WHERE `

func newUserRow(s user.Snapshot) *userRow {
	return &userRow{
		ID: s.ID, Username: string(s.Username), UsernameFolded: s.Username.Folded(), Email: string(s.Email), EmailFolded: s.Email.Folded(),
		PasswordHash: s.PasswordHash, FirstName: s.FirstName, LastName: s.LastName, DisplayName: s.DisplayName, Bio: s.Bio,
		IsActive: s.IsActive, IsVerified: s.IsVerified, IsSuperuser: s.IsSuperuser, LastLogin: s.LastLogin,
		FailedLoginAttempts: s.FailedLoginAttempts, LockedUntil: s.LockedUntil, PasswordChangedAt: s.PasswordChangedAt,
		EmailVerificationToken: s.EmailVerificationToken, EmailVerificationSentAt: s.EmailVerificationSentAt,
		PasswordResetToken: s.PasswordResetToken, PasswordResetSentAt: s.PasswordResetSentAt,
		PendingEmail: string(s.PendingEmail), Phone: string(s.Phone),
		Version: s.Version, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Search: search(s),
	}
}

func (r *userRow) coherent() bool { return r.Version == r.SeenVersion }

func (r *userRow) user() *user.User {
	return user.Rehydrate(user.Snapshot{
		ID: r.ID, Username: user.Username(r.Username), Email: user.Email(r.Email), PasswordHash: r.PasswordHash,
		FirstName: r.FirstName, LastName: r.LastName, DisplayName: r.DisplayName, Bio: r.Bio,
		IsActive: r.IsActive, IsVerified: r.IsVerified, IsSuperuser: r.IsSuperuser, Roles: words[role.Name](r.Roles),
		LastLogin: utc(r.LastLogin), FailedLoginAttempts: r.FailedLoginAttempts, LockedUntil: utc(r.LockedUntil),
		PasswordChangedAt:      utc(r.PasswordChangedAt),
		EmailVerificationToken: r.EmailVerificationToken, EmailVerificationSentAt: utc(r.EmailVerificationSentAt),
		PasswordResetToken: r.PasswordResetToken, PasswordResetSentAt: utc(r.PasswordResetSentAt),
		PendingEmail: user.Email(r.PendingEmail), Phone: user.Phone(r.Phone), Version: r.Version, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	})
}

type pendingRow struct {
	bun.BaseModel `bun:"table:pending_registrations,alias:p"`

	ID             int64     `bun:"id,pk,autoincrement"`
	Username       string    `bun:"username"`
	UsernameFolded string    `bun:"username_folded"`
	Email          string    `bun:"email"`
	EmailFolded    string    `bun:"email_folded"`
	PasswordHash   string    `bun:"password_hash"`
	ExpiresAt      time.Time `bun:"expires_at"`
}

const selectPending = `SELECT p.username, p.email, p.password_hash, p.expires_at FROM pending_registrations AS p WHERE `

func newPendingRow(p user.PendingRegistration) *pendingRow {
	return &pendingRow{
		Username: string(p.Username), UsernameFolded: p.Username.Folded(), Email: string(p.Email), EmailFolded: p.Email.Folded(),
		PasswordHash: p.PasswordHash, ExpiresAt: p.ExpiresAt,
	}
}

func (r *pendingRow) registration() user.PendingRegistration {
	return user.PendingRegistration{
		Username: user.Username(r.Username), Email: user.Email(r.Email), PasswordHash: r.PasswordHash, ExpiresAt: utc(r.ExpiresAt),
	}
}
