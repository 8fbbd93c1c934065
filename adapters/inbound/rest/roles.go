package rest

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
)

const listRoles = "list-roles"

type roleBody struct {
	Name        string `json:"name" doc:"2 to 64 of a-z 0-9 - _, starting with a letter"`
	Description string `json:"description,omitempty"`
}

// rolePatch takes the name too, as long as it is the one that the role has: so
// that what was read can be sent back.
type rolePatch struct {
	Name        patchText `json:"name,omitzero" doc:"Can't be changed"`
	Description patchText `json:"description,omitzero"`
}

type roleAnswer struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Scopes      []string  `json:"scopes"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func answerRole(r role.Snapshot) roleAnswer {
	return roleAnswer{ID: r.ID.String(), Name: string(r.Name), Description: r.Description, Scopes: r.Scopes.Strings(),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
}

func (s *Server) listRoles(c echo.Context, x *exchange) error {
	asked, err := page(c, listRoles)
	if err != nil {
		return err
	}
	found, err := s.use.Roles.List(c.Request().Context(), x.caller, asked)
	if err != nil {
		return err
	}
	return writeList(c, listRoles, found, answerRole)
}

func (s *Server) createRole(c echo.Context, x *exchange) error {
	var body roleBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	made, err := s.use.Roles.Create(c.Request().Context(), x.caller, body.Name, body.Description)
	if err != nil {
		return err
	}
	return writeCreated(c, rolesPath+"/"+url.PathEscape(string(made.Name)), made.Version, answerRole(made))
}

func (s *Server) getRole(c echo.Context, x *exchange) error {
	found, err := s.use.Roles.Get(c.Request().Context(), x.caller, pathValue(c, "name"))
	if err != nil {
		return err
	}
	return showVersioned(c, found.Version, answerRole(found))
}

func (s *Server) changeRole(c echo.Context, x *exchange) error {
	var body rolePatch
	name := pathValue(c, "name")
	if err := readJSON(c, &body, mediaJSON, mediaMergePatch); err != nil {
		return err
	}
	if err := domain.AllFields(fixed("name", body.Name, name), body.Description.check(role.CheckDescription)); err != nil {
		return err
	}
	version, err := s.roleVersion(c, x, name)
	if err != nil {
		return err
	}
	after, err := s.use.Roles.Describe(c.Request().Context(), x.caller, name, body.Description.value, version)
	if err != nil {
		return err
	}
	return writeVersioned(c, after.Version, answerRole(after))
}

func (s *Server) deleteRole(c echo.Context, x *exchange) error {
	name := pathValue(c, "name")
	version, err := s.roleVersion(c, x, name)
	if err != nil {
		return err
	}
	if err := s.use.Roles.Delete(c.Request().Context(), x.caller, name, version); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) roleVersion(c echo.Context, x *exchange, name string) (int64, error) {
	return expectedVersion(c.Request().Header["If-Match"], func() (int64, error) {
		found, err := s.use.Roles.Get(c.Request().Context(), x.caller, name)
		return found.Version, err
	})
}

func (s *Server) grantToRole(c echo.Context, x *exchange) error {
	name := pathValue(c, "name")
	version, err := s.roleVersion(c, x, name)
	if err == nil {
		err = s.use.Roles.Grant(c.Request().Context(), x.caller, name, pathValue(c, "scope"), version)
	}
	return done(c, err)
}

func (s *Server) withdrawFromRole(c echo.Context, x *exchange) error {
	name := pathValue(c, "name")
	version, err := s.roleVersion(c, x, name)
	if err == nil {
		err = s.use.Roles.Withdraw(c.Request().Context(), x.caller, name, pathValue(c, "scope"), version)
	}
	return done(c, err)
}
