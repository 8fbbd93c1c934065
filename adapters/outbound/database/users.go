package database

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.Users         = (*users)(nil)
	_ outbound.UserDirectory = (*UserDirectory)(nil)
)

type users struct{ *transaction }

func (r *users) Get(ctx context.Context, id domain.ID) (*user.User, error) {
	var row userRow
	if err := r.locked(ctx, &row, selectUser+"u.id = $1"+r.db.dialect.lock("u"), id); err != nil {
		return nil, err
	}
	return row.user(), nil
}

// Add looks before it writes: on PostgreSQL a statement that fails would spoil
// the transaction, and the caller may well go on in it, with Reserve.
func (r *users) Add(ctx context.Context, u *user.User) error {
	s := u.Snapshot()
	row := newUserRow(s)
	if err := r.holdUsername(ctx, row.UsernameFolded); err != nil {
		return err
	}
	if err := r.free(ctx, row); err != nil {
		return err
	}
	roles, err := r.resolve(ctx, userRoles, plain(s.Roles))
	if err != nil {
		return err
	}
	added, err := r.exec(ctx, r.tx.NewInsert().Model(row).On("CONFLICT DO NOTHING"))
	if err != nil {
		return err
	}
	if added == 0 { // an address that was taken since we looked, or the id
		if err := r.free(ctx, row); err != nil {
			return err
		}
		return changedSince()
	}
	if err := r.join(ctx, userRoles, s.ID, roles, s.UpdatedAt); err != nil {
		return err
	}
	written(ctx, r.transaction, u)
	return nil
}

func (r *users) Save(ctx context.Context, u *user.User) error {
	s := u.Snapshot()
	row := newUserRow(s)
	saved, err := r.exec(ctx, r.tx.NewUpdate().Model(row).ExcludeColumn("id", "created_at").WherePK().
		Where("u.version = ?", s.Revision).
		Where("NOT EXISTS (SELECT 1 FROM users AS o WHERE (o.username_folded = ? OR o.email_folded = ?) AND o.id <> u.id)", row.UsernameFolded, row.EmailFolded).
		Where("(u.username_folded = ? OR NOT EXISTS (SELECT 1 FROM pending_registrations AS p WHERE p.username_folded = ? AND p.expires_at > ?))",
			row.UsernameFolded, row.UsernameFolded, r.db.clock.Now()).
		Returning(rolesOfUser+"?) AS roles", s.ID))
	if err != nil {
		return err
	}
	if saved == 0 {
		if err := r.unchanged(ctx, "SELECT version FROM users WHERE id = $1", s.ID, s.Revision); err != nil {
			return err
		}
		if err := r.free(ctx, row); err != nil {
			return err
		}
		return changedSince()
	}
	if err := r.relink(ctx, userRoles, s.ID, row.Roles, plain(s.Roles), s.UpdatedAt); err != nil {
		return err
	}
	written(ctx, r.transaction, u)
	return nil
}

func (r *users) Delete(ctx context.Context, u *user.User) error {
	s := u.Snapshot()
	deleted, err := r.exec(ctx, r.tx.NewDelete().Model((*userRow)(nil)).Where("u.id = ?", s.ID).Where("u.version = ?", s.Revision))
	if err != nil {
		return err
	}
	if deleted == 0 {
		if err := r.unchanged(ctx, "SELECT version FROM users WHERE id = $1", s.ID, s.Revision); err != nil {
			return err
		}
		return changedSince()
	}
	collect(ctx, r.transaction, u)
	return nil
}

func (r *users) Reserve(ctx context.Context, p user.PendingRegistration) error {
	row := newPendingRow(p)
	if err := r.holdUsername(ctx, row.UsernameFolded); err != nil {
		return err
	}
	if err := r.usernameFree(ctx, row.UsernameFolded, domain.NoID); err != nil {
		return err
	}
	_, err := r.exec(ctx, r.tx.NewDelete().Model(row).Where("username_folded = ?", row.UsernameFolded).Where("expires_at <= ?", r.db.clock.Now()))
	if err != nil {
		return err
	}
	_, err = r.exec(ctx, r.tx.NewInsert().Model(row))
	return err
}

func (r *users) LockSuperusers(ctx context.Context) (int, error) {
	if err := r.db.dialect.advise(ctx, r.tx, lockSuperusers, ""); err != nil {
		return 0, r.fail(ctx, err)
	}
	count, err := r.tx.NewSelect().Model((*userRow)(nil)).Where("u.is_superuser").Where("u.is_active").Count(ctx)
	return int(count), r.fail(ctx, err)
}

// holdUsername makes others who want the same name wait: users and pending
// registrations are two tables, so no index keeps both from taking it.
func (r *users) holdUsername(ctx context.Context, folded string) error {
	return r.fail(ctx, r.db.dialect.advise(ctx, r.tx, lockUsername, folded))
}

// free tells whether the row's username and address are nobody else's.
func (r *users) free(ctx context.Context, row *userRow) error {
	if err := r.usernameFree(ctx, row.UsernameFolded, row.ID); err != nil {
		return err
	}
	var found holder
	err := r.one(ctx, &found, "SELECT EXISTS (SELECT 1 FROM users WHERE email_folded = $1 AND id <> $2) AS taken", row.EmailFolded, row.ID)
	if err == nil && found.Taken {
		return emailTaken()
	}
	return err
}

func (r *users) usernameFree(ctx context.Context, folded string, but domain.ID) error {
	var found holder
	err := r.one(ctx, &found, `SELECT EXISTS (SELECT 1 FROM users WHERE username_folded = $1 AND id <> $2)
		OR EXISTS (SELECT 1 FROM pending_registrations WHERE username_folded = $1 AND expires_at > $3) AS taken`, folded, but, r.db.clock.Now())
	if err == nil && found.Taken {
		return usernameTaken()
	}
	return err
}

type holder struct {
	Taken bool `bun:"taken"`
}

// UserDirectory finds users.
type UserDirectory struct{ db *DB }

// NewUserDirectory makes the directory of a store's users.
func NewUserDirectory(db *DB) *UserDirectory { return &UserDirectory{db: db} }

// ByLogin implements the port.
func (d *UserDirectory) ByLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error) {
	if isEmail {
		return d.by(ctx, "u.email_folded = $1", folded)
	}
	return d.by(ctx, "u.username_folded = $1", folded)
}

// ByID implements the port.
func (d *UserDirectory) ByID(ctx context.Context, id domain.ID) (*user.User, error) {
	return d.by(ctx, "u.id = $1", id.String())
}

func (d *UserDirectory) by(ctx context.Context, condition, value string) (*user.User, error) {
	if err := findable(value); err != nil {
		return nil, err
	}
	var row userRow
	if err := d.db.one(ctx, &row, selectUser+condition, value); err != nil {
		return nil, err
	}
	return row.user(), nil
}

// Pending implements the port.
func (d *UserDirectory) Pending(ctx context.Context, folded string, isEmail bool, now time.Time) (user.PendingRegistration, error) {
	if err := findable(folded); err != nil {
		return user.PendingRegistration{}, err
	}
	condition := "p.username_folded = $1"
	if isEmail {
		condition = "p.email_folded = $1"
	}
	var row pendingRow
	if err := d.db.one(ctx, &row, selectPending+condition+" AND p.expires_at > $2 ORDER BY p.id DESC LIMIT 1", folded, now); err != nil {
		return user.PendingRegistration{}, err
	}
	return row.registration(), nil
}
