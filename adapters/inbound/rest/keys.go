package rest

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/ports/inbound"
)

type keyAnswer struct {
	ID          string     `json:"kid"`
	Algorithm   string     `json:"algorithm"`
	State       string     `json:"state" enum:"next,active,retired"`
	CreatedAt   time.Time  `json:"created_at"`
	ActivatedAt *time.Time `json:"activated_at"`
	RetiredAt   *time.Time `json:"retired_at"`
	ExpiresAt   *time.Time `json:"expires_at" doc:"Of retired keys: no longer trusted or published from here on"`
}

func answerKey(k inbound.SigningKey) keyAnswer {
	return keyAnswer{
		ID: k.ID, Algorithm: string(k.Algorithm), State: string(k.State), CreatedAt: k.CreatedAt.UTC(),
		ActivatedAt: moment(&k.ActivatedAt), RetiredAt: moment(&k.RetiredAt), ExpiresAt: moment(&k.ExpiresAt),
	}
}

const (
	keysPath = "/api/v1/admin/keys"
	keyList  = "list-keys"
)

func (s *Server) listKeys(c echo.Context, x *exchange) error {
	page, err := page(c, keyList)
	if err != nil {
		return err
	}
	found, err := s.use.Keys.Keys(c.Request().Context(), x.caller, page)
	if err != nil {
		return err
	}
	return writeList(c, keyList, found, answerKey)
}

func (s *Server) rotateKeys(c echo.Context, x *exchange) error {
	active, err := s.use.Keys.Rotate(c.Request().Context(), x.caller)
	if err != nil {
		return err
	}
	return write(c.Response(), http.StatusOK, mediaJSON, answerKey(active))
}
