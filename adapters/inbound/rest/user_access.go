package rest

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// sessionAnswer is a login that lives; its id is the `sid` of its tokens.
type sessionAnswer struct {
	ID         string    `json:"id" format:"uuid"`
	ClientID   string    `json:"client_id"`
	Device     *string   `json:"device" doc:"As its user agent names itself"`
	Address    *string   `json:"address"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Current    bool      `json:"current" doc:"It is the one that asks"`
}

func answerSession(s inbound.Session) sessionAnswer {
	return sessionAnswer{
		ID: s.ID.String(), ClientID: s.ClientID, Device: text(&s.UserAgent), Address: text(&s.Address),
		CreatedAt: s.CreatedAt.UTC(), LastUsedAt: s.LastUsedAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(), Current: s.Current,
	}
}

const (
	userSessionList = "list-user-sessions"
	mySessionList   = "list-sessions"
)

func (s *Server) listUserSessions(c echo.Context, x *exchange) error {
	page, err := page(c, userSessionList)
	if err != nil {
		return err
	}
	found, err := s.use.UserAccess.Sessions(c.Request().Context(), x.caller, pathID(c), page)
	if err != nil {
		return err
	}
	return writeList(c, userSessionList, found, answerSession)
}

func (s *Server) endUserSessions(c echo.Context, x *exchange) error {
	return done(c, s.use.UserAccess.EndSessions(c.Request().Context(), x.caller, pathID(c)))
}

func (s *Server) logoutUser(c echo.Context, x *exchange) error {
	return done(c, s.use.UserAccess.Logout(c.Request().Context(), x.caller, pathID(c)))
}

func (s *Server) unlockUser(c echo.Context, x *exchange) error {
	id, version, err := s.pathUser(c, x)
	if err == nil {
		err = s.use.UserAccess.Unlock(c.Request().Context(), x.caller, id, version)
	}
	return done(c, err)
}

type passwordBody struct {
	Password *string `json:"password,omitempty" format:"password" doc:"Absent: one is generated"`
}

type passwordAnswer struct {
	Password string `json:"password"`
}

func (s *Server) setUserPassword(c echo.Context, x *exchange) error {
	id := pathID(c)
	var body passwordBody
	if err := readOptionalJSON(c, &body); err != nil {
		return err
	}
	version, err := s.userVersion(c, x, id)
	if err != nil {
		return err
	}
	var given *domain.Secret
	if body.Password != nil {
		password := domain.NewSecret(*body.Password)
		given = &password
	}
	generated, err := s.use.UserAccess.SetPassword(c.Request().Context(), x.caller, id, given, version)
	if err != nil || given != nil {
		return done(c, err)
	}
	return write(c.Response(), http.StatusOK, mediaJSON, passwordAnswer{Password: generated.Reveal()})
}

type proofBody struct {
	CurrentPassword string `json:"current_password" format:"password"`
}

func (s *Server) deleteMe(c echo.Context, x *exchange) error {
	var body proofBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	version, err := s.myVersion(c, x)
	if err != nil {
		return err
	}
	return done(c, s.use.OwnAccess.DeleteAccount(c.Request().Context(), x.caller, domain.NewSecret(body.CurrentPassword), version))
}

type changePasswordBody struct {
	CurrentPassword string `json:"current_password" format:"password"`
	NewPassword     string `json:"new_password" format:"password"`
}

func (s *Server) changePassword(c echo.Context, x *exchange) error {
	var body changePasswordBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	current, next := domain.NewSecret(body.CurrentPassword), domain.NewSecret(body.NewPassword)
	return done(c, s.use.OwnAccess.ChangePassword(c.Request().Context(), x.caller, current, next))
}

func (s *Server) listMySessions(c echo.Context, x *exchange) error {
	page, err := page(c, mySessionList)
	if err != nil {
		return err
	}
	found, err := s.use.OwnAccess.Sessions(c.Request().Context(), x.caller, page)
	if err != nil {
		return err
	}
	return writeList(c, mySessionList, found, answerSession)
}

func (s *Server) endOtherSessions(c echo.Context, x *exchange) error {
	return done(c, s.use.OwnAccess.EndOthers(c.Request().Context(), x.caller))
}

func (s *Server) endMySession(c echo.Context, x *exchange) error {
	return done(c, s.use.OwnAccess.EndSession(c.Request().Context(), x.caller, pathID(c)))
}
