package rest

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	service "github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/ports/inbound"
)

const listClients = "list-clients"

// clientPatch is a merge patch (RFC 7396): absent leaves, null gives the default.
type clientPatch struct {
	Name                patchText            `json:"name,omitzero"`
	Description         patchText            `json:"description,omitzero"`
	Scopes              patchValue[[]string] `json:"scopes,omitzero"`
	GrantTypes          patchValue[[]string] `json:"grant_types,omitzero" doc:"Default: client_credentials"`
	AccessTokenLifetime patchValue[*int]     `json:"access_token_lifetime,omitzero" doc:"Seconds, 60 to 86400; null: the installation's"`
	AuthMethod          patchText            `json:"token_endpoint_auth_method,omitzero" doc:"null: client_secret_basic"`
	Keys                patchValue[jwkSet]   `json:"jwks,omitzero" doc:"Public keys; null: none"`
}

type rotateBody struct {
	Grace int `json:"grace,omitempty" minimum:"0" maximum:"86400" doc:"Seconds that the old secret lives on; default 0"`
}

type secretAnswer struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// listedClient is a client as the list of all shows it.
type listedClient struct {
	ClientID            string     `json:"client_id"`
	Name                string     `json:"name"`
	Description         string     `json:"description"`
	IsActive            bool       `json:"is_active"`
	Scopes              []string   `json:"scopes"`
	GrantTypes          []string   `json:"grant_types"`
	AccessTokenLifetime *int64     `json:"access_token_lifetime" doc:"Seconds; null: the installation's"`
	AuthMethod          string     `json:"token_endpoint_auth_method"`
	LastUsedAt          *time.Time `json:"last_used_at" doc:"Up to some seconds behind; null: never"`
	CreatedAt           time.Time  `json:"created_at"`
	UpdatedAt           time.Time  `json:"updated_at"`
}

func answerListed(l inbound.ListedClient) listedClient {
	c := answerClient(l.Client)
	return listedClient{
		ClientID: c.ClientID, Name: c.Name, Description: c.Description, IsActive: c.IsActive, Scopes: c.Scopes, GrantTypes: c.GrantTypes,
		AccessTokenLifetime: c.AccessTokenLifetime, AuthMethod: c.AuthMethod, LastUsedAt: moment(&l.LastUsedAt), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

func (s *Server) getClient(c echo.Context, x *exchange) error {
	found, err := s.use.ClientEditor.Get(c.Request().Context(), x.caller, pathValue(c, "id"))
	if err != nil {
		return err
	}
	return showVersioned(c, found.Version, answerClient(found))
}

func (s *Server) changeClient(c echo.Context, x *exchange) error {
	var body clientPatch
	if err := readJSON(c, &body, mediaJSON, mediaMergePatch); err != nil {
		return err
	}
	id, version, err := s.pathClient(c, x)
	if err != nil {
		return err
	}
	after, err := s.use.ClientEditor.Change(c.Request().Context(), x.caller, id, service.Change{
		Name: body.Name.value, Description: body.Description.value, Scopes: body.Scopes.value,
		GrantTypes: body.GrantTypes.value, AccessTokenLifetime: body.AccessTokenLifetime.value,
		AuthMethod: body.AuthMethod.value, Keys: (*string)(body.Keys.value),
	}, version)
	if err != nil {
		return err
	}
	return writeVersioned(c, after.Version, answerClient(after))
}

func (s *Server) deleteClient(c echo.Context, x *exchange) error {
	id, version, err := s.pathClient(c, x)
	if err == nil {
		err = s.use.ClientEditor.Delete(c.Request().Context(), x.caller, id, version)
	}
	return done(c, err)
}

// pathClient reads the id of a path, and If-Match.
func (s *Server) pathClient(c echo.Context, x *exchange) (id string, version int64, err error) {
	id = pathValue(c, "id")
	version, err = expectedVersion(c.Request().Header["If-Match"], func() (int64, error) {
		found, err := s.use.ClientEditor.Get(c.Request().Context(), x.caller, id)
		return found.Version, err
	})
	return id, version, err
}

func (s *Server) rotateSecret(c echo.Context, x *exchange) error {
	var body rotateBody
	if err := readOptionalJSON(c, &body); err != nil {
		return err
	}
	if body.Grace < 0 || body.Grace > int(service.MaxGrace/time.Second) {
		return domain.InvalidFields(domain.Field{Name: "grace", Code: "range", Message: "must be 0 to 86400 seconds"})
	}
	id, version, err := s.pathClient(c, x)
	if err != nil {
		return err
	}
	secret, err := s.use.ClientEditor.RotateSecret(c.Request().Context(), x.caller, id, body.Grace, version)
	if err != nil {
		return err
	}
	return write(c.Response(), http.StatusOK, mediaJSON, secretAnswer{ClientID: id, ClientSecret: secret.Reveal()})
}

func (s *Server) grantToClient(c echo.Context, x *exchange) error {
	id, version, err := s.pathClient(c, x)
	if err == nil {
		err = s.use.ClientEditor.Grant(c.Request().Context(), x.caller, id, pathValue(c, "scope"), version)
	}
	return done(c, err)
}

func (s *Server) withdrawFromClient(c echo.Context, x *exchange) error {
	id, version, err := s.pathClient(c, x)
	if err == nil {
		err = s.use.ClientEditor.Withdraw(c.Request().Context(), x.caller, id, pathValue(c, "scope"), version)
	}
	return done(c, err)
}

func (s *Server) listClients(c echo.Context, x *exchange) error {
	asked, err := page(c, listClients)
	if err != nil {
		return err
	}
	found, err := s.use.ClientControl.List(c.Request().Context(), x.caller, asked)
	if err != nil {
		return err
	}
	return writeList(c, listClients, found, answerListed)
}

func (s *Server) activateClient(c echo.Context, x *exchange) error {
	id, version, err := s.pathClient(c, x)
	if err == nil {
		err = s.use.ClientControl.Activate(c.Request().Context(), x.caller, id, version)
	}
	return done(c, err)
}

func (s *Server) deactivateClient(c echo.Context, x *exchange) error {
	id, version, err := s.pathClient(c, x)
	if err == nil {
		err = s.use.ClientControl.Deactivate(c.Request().Context(), x.caller, id, version)
	}
	return done(c, err)
}
