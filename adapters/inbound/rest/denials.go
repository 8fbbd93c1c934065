package rest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// denialPatience bounds how long a refusal waits to be kept.
const denialPatience = 2 * time.Second

// denying are the refusals of what a proven caller may not do. Those of a
// password are events of their own.
var denying = []domain.Code{domain.CodeInsufficientScope, domain.CodeForbidden, domain.CodeLastSuperuser}

// tellDenial has a denial kept, also where the caller does not wait for its
// answer.
func (s *Server) tellDenial(c echo.Context, x *exchange, refusal *domain.Error) error {
	if x.endpoint == nil || x.caller.Claims.Subject == "" || !slices.Contains(denying, refusal.Code) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), denialPatience)
	defer cancel()
	tried, subject := x.endpoint.attempt(c)
	return s.use.Denials.Denied(ctx, inbound.Denial{Caller: x.caller, Tried: tried, Subject: subject, Code: refusal.Code})
}

// named are the kinds of thing that paths name in their first parameter.
var named = []struct {
	path, parameter string
	kind            domain.PartyKind
}{
	{adminUserPath, "id", domain.PartyUser}, {rolesPath + "/:name", "name", domain.PartyRole}, {scopesPath + "/:name", "name", domain.PartyScope},
	{clientsPath + "/:id", "id", domain.PartyClient}, {allClientsPath + "/:id", "id", domain.PartyClient}, {mePath + "/sessions/:id", "id", domain.PartySession},
}

// attempt tells what a request would have done, and to what. Parts of a path
// that can't be a name of anything are left out.
func (e *endpoint) attempt(c echo.Context) (tried string, subject domain.Party) {
	tried, subject = e.id, domain.System
	for _, n := range named {
		if strings.HasPrefix(e.path, n.path) {
			subject = domain.Party{Kind: n.kind, ID: nameIn(c, n.parameter)}
		}
	}
	for _, linked := range []string{"role", "scope"} {
		if name := nameIn(c, linked); name != "" {
			tried += " " + name
		}
	}
	return tried, subject
}

// nameIn gives a part of the path if it may be a name.
func nameIn(c echo.Context, parameter string) string {
	name := pathValue(c, parameter)
	if len(name) > maxFieldName || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:", r)
	}) {
		return ""
	}
	return name
}
