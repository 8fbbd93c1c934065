package rest

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

const listScopes = "list-scopes"

// scopeBody may name the resource, which the scope's name tells already.
type scopeBody struct {
	Name        string `json:"name" doc:"action:resource, each of a-z 0-9 . _ -"`
	Description string `json:"description,omitempty"`
	Resource    string `json:"resource,omitempty" doc:"That of the name"`
}

// scopePatch takes name and resource too, as long as they are what they are.
type scopePatch struct {
	Name        patchText `json:"name,omitzero" doc:"Can't be changed"`
	Description patchText `json:"description,omitzero"`
	Resource    patchText `json:"resource,omitzero" doc:"Can't be changed"`
}

type scopeAnswer struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Resource    string    `json:"resource"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func answerScope(sc scope.Snapshot) scopeAnswer {
	return scopeAnswer{ID: sc.ID.String(), Name: string(sc.Name), Description: sc.Description, Resource: sc.Resource,
		CreatedAt: sc.CreatedAt.UTC(), UpdatedAt: sc.UpdatedAt.UTC()}
}

func (s *Server) listScopes(c echo.Context, x *exchange) error {
	asked, err := page(c, listScopes)
	if err != nil {
		return err
	}
	found, err := s.use.Scopes.List(c.Request().Context(), x.caller, asked)
	if err != nil {
		return err
	}
	return writeList(c, listScopes, found, answerScope)
}

func (s *Server) createScope(c echo.Context, x *exchange) error {
	var body scopeBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	if body.Resource != "" && body.Resource != scope.Name(body.Name).Resource() {
		_, name := scope.ParseName(body.Name)
		resource := domain.InvalidFields(domain.Field{Name: "resource", Code: "mismatch", Message: "must be the resource that the name tells"})
		return domain.AllFields(name, scope.CheckDescription(body.Description), resource)
	}
	made, err := s.use.Scopes.Create(c.Request().Context(), x.caller, body.Name, body.Description)
	if err != nil {
		return err
	}
	return writeCreated(c, scopesPath+"/"+url.PathEscape(string(made.Name)), made.Version, answerScope(made))
}

func (s *Server) getScope(c echo.Context, x *exchange) error {
	found, err := s.use.Scopes.Get(c.Request().Context(), x.caller, pathValue(c, "name"))
	if err != nil {
		return err
	}
	return showVersioned(c, found.Version, answerScope(found))
}

func (s *Server) changeScope(c echo.Context, x *exchange) error {
	var body scopePatch
	name := pathValue(c, "name")
	if err := readJSON(c, &body, mediaJSON, mediaMergePatch); err != nil {
		return err
	}
	resource := fixed("resource", body.Resource, scope.Name(name).Resource())
	if err := domain.AllFields(fixed("name", body.Name, name), resource, body.Description.check(scope.CheckDescription)); err != nil {
		return err
	}
	version, err := s.scopeVersion(c, x, name)
	if err != nil {
		return err
	}
	after, err := s.use.Scopes.Describe(c.Request().Context(), x.caller, name, body.Description.value, version)
	if err != nil {
		return err
	}
	return writeVersioned(c, after.Version, answerScope(after))
}

func (s *Server) deleteScope(c echo.Context, x *exchange) error {
	name := pathValue(c, "name")
	version, err := s.scopeVersion(c, x, name)
	if err != nil {
		return err
	}
	if err := s.use.Scopes.Delete(c.Request().Context(), x.caller, name, version); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) scopeVersion(c echo.Context, x *exchange, name string) (int64, error) {
	return expectedVersion(c.Request().Header["If-Match"], func() (int64, error) {
		found, err := s.use.Scopes.Get(c.Request().Context(), x.caller, name)
		return found.Version, err
	})
}
