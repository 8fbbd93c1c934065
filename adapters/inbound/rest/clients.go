package rest

import (
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	service "github.com/keystone-auth/keystone/domain/client"
)

type clientBody struct {
	Name                string   `json:"name"`
	Description         string   `json:"description,omitempty"`
	Scopes              []string `json:"scopes,omitempty"`
	GrantTypes          []string `json:"grant_types,omitempty" doc:"Default: client_credentials"`
	AccessTokenLifetime *int     `json:"access_token_lifetime,omitempty" minimum:"60" maximum:"86400" doc:"Seconds"`
	AuthMethod          string   `json:"token_endpoint_auth_method,omitempty" doc:"Default: client_secret_basic, which takes client_secret_post too"`
	Keys                jwkSet   `json:"jwks,omitzero"`
}

// clientAnswer holds the secret in the answer that creates it, and never again.
type clientAnswer struct {
	ClientID            string    `json:"client_id"`
	ClientSecret        string    `json:"client_secret,omitempty"`
	Name                string    `json:"name"`
	Description         string    `json:"description"`
	IsActive            bool      `json:"is_active"`
	Scopes              []string  `json:"scopes"`
	GrantTypes          []string  `json:"grant_types"`
	AccessTokenLifetime *int64    `json:"access_token_lifetime" doc:"Seconds; null: the installation's"`
	AuthMethod          string    `json:"token_endpoint_auth_method"`
	Keys                jwkSet    `json:"jwks,omitzero" doc:"Public keys"`
	CreatedAt           time.Time `json:"created_at"`
	UpdatedAt           time.Time `json:"updated_at"`
}

func answerClient(c service.Snapshot) clientAnswer {
	answer := clientAnswer{
		ClientID: c.ClientID, Name: c.Name, Description: c.Description, IsActive: c.IsActive,
		Scopes: c.Scopes.Strings(), GrantTypes: append([]string{}, c.GrantTypes...),
		AuthMethod: c.AuthMethod, Keys: jwkSet(c.Keys), CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
	if c.AccessTokenLifetime > 0 {
		lifetime := int64(c.AccessTokenLifetime / time.Second)
		answer.AccessTokenLifetime = &lifetime
	}
	return answer
}

func (s *Server) createClient(c echo.Context, x *exchange) error {
	var body clientBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	created, err := s.use.Clients.Create(c.Request().Context(), x.caller, service.Draft{
		Name: body.Name, Description: body.Description, Scopes: body.Scopes,
		GrantTypes: body.GrantTypes, AccessTokenLifetime: body.AccessTokenLifetime,
		Authentication: service.Authentication{Method: body.AuthMethod, Keys: string(body.Keys)},
	})
	if err != nil {
		return err
	}
	answer := answerClient(created.Client)
	answer.ClientSecret = created.Secret.Reveal()
	return writeCreated(c, clientsPath+"/"+url.PathEscape(created.Client.ClientID), created.Client.Version, answer)
}
