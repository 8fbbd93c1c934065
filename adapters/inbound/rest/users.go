package rest

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

type registerBody struct {
	Username    string `json:"username"`
	Email       string `json:"email" format:"idn-email"`
	Password    string `json:"password" format:"password"`
	FirstName   string `json:"first_name,omitempty"`
	LastName    string `json:"last_name,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	Bio         string `json:"bio,omitempty"`
}

type registerAnswer struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Status   string `json:"status" enum:"pending_verification"`
}

func (s *Server) register(c echo.Context, _ *exchange) error {
	var body registerBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	err := s.use.Accounts.Register(c.Request().Context(), inbound.Registration{
		Registration: user.Registration{
			Username: body.Username, Email: body.Email,
			Profile: user.Profile{FirstName: body.FirstName, LastName: body.LastName, DisplayName: body.DisplayName, Bio: body.Bio},
		},
		Password: domain.NewSecret(body.Password),
	})
	if err != nil {
		return err
	}
	return write(c.Response(), http.StatusAccepted, mediaJSON,
		registerAnswer{Username: body.Username, Email: body.Email, Status: "pending_verification"})
}

// userAnswer is the user as contract 4.2 lists it, with effective scopes. What
// is not set is null, so that an answer reads like a merge patch.
type userAnswer struct {
	ID                  string     `json:"id" format:"uuid"`
	Username            string     `json:"username"`
	Email               string     `json:"email"`
	FirstName           *string    `json:"first_name"`
	LastName            *string    `json:"last_name"`
	DisplayName         *string    `json:"display_name"`
	Bio                 *string    `json:"bio"`
	PendingEmail        string     `json:"pending_email,omitempty" format:"idn-email" doc:"Takes the place of email once it is verified"`
	Phone               *string    `json:"phone"`
	IsActive            bool       `json:"is_active"`
	IsVerified          bool       `json:"is_verified"`
	IsSuperuser         bool       `json:"is_superuser"`
	Roles               []string   `json:"roles"`
	LastLogin           *time.Time `json:"last_login"`
	FailedLoginAttempts int        `json:"failed_login_attempts"`
	LockedUntil         *time.Time `json:"locked_until"`
	PasswordChangedAt   *time.Time `json:"password_changed_at"`
	CreatedAt           time.Time  `json:"created_at"`
	UpdatedAt           time.Time  `json:"updated_at"`
	Scopes              []string   `json:"scopes,omitzero" doc:"Effective: of all roles; not in lists"`
}

func accountAnswer(account inbound.Account) userAnswer {
	answer := answerUser(account.User)
	answer.Scopes = account.Scopes.Strings()
	return answer
}

func answerUser(u user.Snapshot) userAnswer {
	roles := make([]string, len(u.Roles))
	for i, name := range u.Roles {
		roles[i] = string(name)
	}
	return userAnswer{
		ID: u.ID.String(), Username: string(u.Username), Email: string(u.Email),
		FirstName: text(&u.FirstName), LastName: text(&u.LastName), DisplayName: text(&u.DisplayName), Bio: text(&u.Bio), PendingEmail: string(u.PendingEmail), Phone: text((*string)(&u.Phone)),
		IsActive: u.IsActive, IsVerified: u.IsVerified, IsSuperuser: u.IsSuperuser, Roles: roles,
		LastLogin: moment(&u.LastLogin), FailedLoginAttempts: u.FailedLoginAttempts, LockedUntil: moment(&u.LockedUntil),
		PasswordChangedAt: moment(&u.PasswordChangedAt), CreatedAt: u.CreatedAt.UTC(), UpdatedAt: u.UpdatedAt.UTC(),
	}
}

// text gives nil for an empty text, moment for no time: null on the wire.
func text(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}

func moment(t *time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

func (s *Server) me(c echo.Context, x *exchange) error {
	account, err := s.use.Accounts.Me(c.Request().Context(), x.caller)
	if err != nil {
		return err
	}
	return writeAccount(c, http.StatusOK, account)
}

func writeAccount(c echo.Context, status int, account inbound.Account) error {
	c.Response().Header().Set("ETag", entityTag(account.User.Version))
	answer := accountAnswer(account)
	return write(c.Response(), status, mediaJSON, &answer)
}

// profilePatch is a merge patch (RFC 7396): absent leaves, null clears.
type profilePatch struct {
	FirstName   patchText `json:"first_name,omitzero"`
	LastName    patchText `json:"last_name,omitzero"`
	DisplayName patchText `json:"display_name,omitzero"`
	Bio         patchText `json:"bio,omitzero"`

	Email           patchText `json:"email,omitzero" doc:"Takes effect once it is verified; needs current_password"`
	CurrentPassword string    `json:"current_password,omitempty" format:"password"`
}

func (s *Server) changeMe(c echo.Context, x *exchange) error {
	var body profilePatch
	if err := readJSON(c, &body, mediaJSON, mediaMergePatch); err != nil {
		return err
	}
	ctx := c.Request().Context()
	version, err := s.myVersion(c, x)
	if err != nil {
		return err
	}
	profile := user.ProfileChange{
		FirstName: body.FirstName.value, LastName: body.LastName.value,
		DisplayName: body.DisplayName.value, Bio: body.Bio.value,
	}
	var account inbound.Account
	if body.Email.value == nil {
		account, err = s.use.Accounts.ChangeProfile(ctx, x.caller, profile, version)
	} else {
		email := inbound.EmailChange{Email: *body.Email.value, CurrentPassword: domain.NewSecret(body.CurrentPassword)}
		account, err = s.use.Addresses.ChangeEmail(ctx, x.caller, email, profile, version)
	}
	if err != nil {
		return err
	}
	return writeAccount(c, http.StatusOK, account)
}

// myVersion reads If-Match, for the caller's own account.
func (s *Server) myVersion(c echo.Context, x *exchange) (int64, error) {
	return expectedVersion(c.Request().Header["If-Match"], func() (int64, error) {
		account, err := s.use.Accounts.Me(c.Request().Context(), x.caller)
		return account.User.Version, err
	})
}
