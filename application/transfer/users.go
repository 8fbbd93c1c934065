package transfer

import (
	"context"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// identify checks an entry by itself and gives the id of the user that it
// speaks of, which may not exist yet.
func (i *Importer) identify(ctx context.Context, e inbound.UserEntry) (domain.ID, error) {
	now := i.clock.Now()
	username, fields := user.ParseUsername(e.Username)
	fields = append(fields, imported(e).Check(now)...)
	if hash := e.PasswordHash.Reveal(); hash != "" {
		if err := i.formats.Check(hash); err != nil {
			fields = append(fields, domain.AsError(err).Fields...)
		}
	}
	if e.ID != nil && *e.ID == domain.NoID {
		fields = append(fields, domain.Field{Name: "id", Code: "format", Message: "must not be zero"})
	}
	if phone := value(e.Phone); phone != "" {
		_, bad := user.ParsePhone(phone)
		fields = append(fields, bad...)
	}
	for _, name := range value(e.Roles) {
		if _, err := role.ParseName(name); err != nil {
			fields = append(fields, domain.Field{Name: "roles", Code: "format", Message: "every role is 2 to 64 of a-z 0-9 - _ and starts with a letter"})
			break
		}
	}
	if err := domain.InvalidFields(fields...); err != nil {
		return domain.NoID, err
	}
	if e.ID != nil {
		return *e.ID, nil
	}
	found, err := i.directory.ByLogin(ctx, username.Folded(), false)
	switch {
	case absent(err):
		return i.random.NewID(now), nil
	case err != nil:
		return domain.NoID, err
	}
	return found.ID(), nil
}

func imported(e inbound.UserEntry) user.Imported {
	return user.Imported{PasswordHash: e.PasswordHash.Reveal(), PasswordChangedAt: e.PasswordChangedAt, CreatedAt: e.CreatedAt}
}

func (i *Importer) user(ctx context.Context, r outbound.Repositories, id domain.ID, e inbound.UserEntry) (inbound.ImportChange, error) {
	now := i.clock.Now()
	u, err := r.Users.Get(ctx, id)
	switch {
	case absent(err):
		u, err := i.newUser(id, e, now)
		if err != nil {
			return inbound.ImportChange{}, err
		}
		return inbound.ImportChange{Created: true, Fields: rights(e)}, unknownRole(r.Users.Add(ctx, u))
	case err != nil:
		return inbound.ImportChange{}, err
	}
	before := u.Snapshot()
	change := administered(e)
	change.Username = &e.Username
	if u.IsLastingSuperuser() && change.EndsSuperuser() {
		count, err := r.Users.LockSuperusers(ctx)
		if err != nil {
			return inbound.ImportChange{}, err
		}
		if count < 2 {
			return inbound.ImportChange{}, domain.Conflict(domain.CodeLastSuperuser, "the last active superuser must stay one")
		}
	}
	if err := u.Administer(change, domain.System, now); err != nil {
		return inbound.ImportChange{}, err
	}
	promised := i.apply(u, e, now)
	replaced := u.AdoptPassword(imported(e), domain.System, now)
	fields := changedFields(before, u.Snapshot(), promised)
	if len(fields) == 0 {
		return inbound.ImportChange{}, nil
	}
	if keep := i.history() - 1; replaced && keep > 0 && before.PasswordHash != "" {
		if err := r.Passwords.Add(ctx, id, before.PasswordHash, now, keep); err != nil {
			return inbound.ImportChange{}, err
		}
	}
	if err := r.Users.Save(ctx, u); err != nil {
		return inbound.ImportChange{}, unknownRole(err)
	}
	switch {
	case before.IsActive && !u.Snapshot().IsActive:
		err = i.logins.EndAll(ctx, r, id, token.EndedByDisabling, domain.System)
	case replaced:
		err = i.logins.EndAll(ctx, r, id, token.EndedByPassword, domain.System)
	}
	if err != nil {
		return inbound.ImportChange{}, err
	}
	return inbound.ImportChange{Fields: fields}, r.Signals.Append(ctx, token.Changed(token.SignalPrincipalChanged, id.String(), now))
}

func (i *Importer) newUser(id domain.ID, e inbound.UserEntry, now time.Time) (*user.User, error) {
	checked, err := user.Registration{
		Username: e.Username, Email: value(e.Email),
		Profile: user.Profile{FirstName: value(e.FirstName), LastName: value(e.LastName), DisplayName: value(e.DisplayName), Bio: value(e.Bio)},
	}.CheckIdentity()
	if err != nil {
		return nil, err
	}
	u := user.Import(id, checked, imported(e), domain.System, now)
	if err := u.Administer(user.Change{IsActive: e.IsActive, IsVerified: e.IsVerified, IsSuperuser: e.IsSuperuser}, domain.System, now); err != nil {
		return nil, err
	}
	i.apply(u, e, now)
	return u, nil
}

// rights names the fields that make a new user more than any other: what a
// rehearsal is read for.
func rights(e inbound.UserEntry) (fields []string) {
	if value(e.IsSuperuser) {
		fields = append(fields, "is_superuser")
	}
	if len(value(e.Roles)) > 0 {
		fields = append(fields, "roles")
	}
	return fields
}

func administered(e inbound.UserEntry) user.Change {
	return user.Change{
		Email: e.Email, IsActive: e.IsActive, IsVerified: e.IsVerified, IsSuperuser: e.IsSuperuser,
		Profile: user.ProfileChange{FirstName: e.FirstName, LastName: e.LastName, DisplayName: e.DisplayName, Bio: e.Bio},
	}
}

// apply sets what administration sets by other ways: the number and the roles.
// It tells whether a role is left out that only a rehearsal's earlier entries
// have made.
func (i *Importer) apply(u *user.User, e inbound.UserEntry, now time.Time) (promised bool) {
	if e.Phone != nil {
		phone, _ := user.ParsePhone(*e.Phone) // checked; empty takes the number away
		u.AdoptPhone(phone, domain.System, now)
	}
	if e.Roles == nil {
		return false
	}
	for _, name := range *e.Roles {
		if slices.Contains(i.promisedRoles, role.Name(name)) {
			promised = true
			continue
		}
		u.Assign(role.Name(name), domain.System, now)
	}
	for _, name := range slices.Clone(u.Snapshot().Roles) {
		if !slices.Contains(*e.Roles, string(name)) {
			u.Withdraw(name, domain.System, now)
		}
	}
	return promised
}

// changedFields names the fields in which two states of a user differ.
func changedFields(a, b user.Snapshot, promised bool) []string {
	var fields []string
	add := func(name string, same bool) {
		if !same {
			fields = append(fields, name)
		}
	}
	add("username", a.Username == b.Username)
	add("email", a.Email == b.Email)
	add("first_name", a.FirstName == b.FirstName)
	add("last_name", a.LastName == b.LastName)
	add("display_name", a.DisplayName == b.DisplayName)
	add("bio", a.Bio == b.Bio)
	add("phone", a.Phone == b.Phone)
	add("is_active", a.IsActive == b.IsActive)
	add("is_verified", a.IsVerified == b.IsVerified)
	add("is_superuser", a.IsSuperuser == b.IsSuperuser)
	add("roles", slices.Equal(a.Roles, b.Roles) && !promised)
	add("password_hash", a.PasswordHash == b.PasswordHash)
	return fields
}

func unknownRole(err error) error {
	if domain.HasCode(err, domain.CodeUnknownRole) {
		return domain.InvalidFields(domain.Field{Name: "roles", Code: "unknown", Message: "names a role that does not exist"})
	}
	return err
}
