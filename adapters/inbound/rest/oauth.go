package rest

import (
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// tokenAnswer is RFC 6749, section 5.1; user_id is ours.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type" enum:"Bearer"`
	ExpiresIn    int64  `json:"expires_in" doc:"Seconds"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
	UserID       string `json:"user_id,omitempty"`

	Members map[string]string `json:",embed"` // of some grants
}

// TransformSchema documents that some grants add members of their own.
func (tokenAnswer) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	delete(schema.Properties, "Members")
	schema.Required = slices.DeleteFunc(schema.Required, func(name string) bool { return name == "Members" })
	schema.AdditionalProperties = &huma.Schema{Type: huma.TypeString}
	return schema
}

func (s *Server) token(c echo.Context, x *exchange) error {
	form, credentials, err := s.readClientForm(c)
	if err != nil {
		return err
	}
	issued, err := s.use.Tokens.Token(c.Request().Context(), inbound.TokenRequest{Client: credentials, Params: form})
	if err != nil {
		return err
	}
	if issued.UserID != "" {
		x.subject = issued.UserID
	}
	return write(c.Response(), http.StatusOK, mediaJSON, &tokenAnswer{
		AccessToken: issued.AccessToken.Reveal(), TokenType: "Bearer", ExpiresIn: int64(issued.ExpiresIn / time.Second),
		Scope: issued.Scope.String(), RefreshToken: issued.RefreshToken.Reveal(), UserID: issued.UserID, Members: issued.Members,
	})
}

// introspectionAnswer is RFC 7662, section 2.2; of an inactive token only
// `active` is told.
type introspectionAnswer struct {
	Active    bool     `json:"active"`
	Scope     string   `json:"scope,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	Username  string   `json:"username,omitempty"`
	TokenType string   `json:"token_type,omitempty" enum:"Bearer"`
	Subject   string   `json:"sub,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	Audience  []string `json:"aud,omitempty"`
	ExpiresAt int64    `json:"exp,omitzero"`
	IssuedAt  int64    `json:"iat,omitzero"`
	ID        string   `json:"jti,omitempty"`
	SessionID string   `json:"sid,omitempty"`

	Actor *actorAnswer `json:"act,omitempty" doc:"Who acts for the subject (RFC 8693, section 4.1)"`
}

type actorAnswer struct {
	Subject  string       `json:"sub"`
	ClientID string       `json:"client_id,omitempty"`
	Before   *actorAnswer `json:"act,omitempty" doc:"Who acted before"`
}

// Schema documents it by hand: it holds itself, which an example must not.
func (actorAnswer) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	return &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"sub": text, "client_id": text,
		"act": {Type: huma.TypeObject, Description: "Who acted before", AdditionalProperties: true},
	}}
}

func acting(all []token.Actor) *actorAnswer {
	if len(all) == 0 {
		return nil
	}
	return &actorAnswer{Subject: all[0].Subject, ClientID: all[0].ClientID, Before: acting(all[1:])}
}

func (s *Server) introspect(c echo.Context, x *exchange) error {
	r := c.Request()
	byBearer, client := isBearer(r.Header), readAuthorization(r.Header)
	if byBearer {
		if err := s.authenticate(c, x); err != nil {
			return err
		}
		// A user is refused before the body is looked at (contract, section 2);
		// a client may always ask about its own tokens.
		if x.caller.Claims.IsUser() && !x.caller.Can(scope.IntrospectTokens) {
			return inbound.InsufficientScope(scope.IntrospectTokens)
		}
	} else if err := client.check(); err != nil {
		return err
	}
	form, err := readForm(c)
	if err != nil {
		return err
	}
	var credentials inbound.ClientCredentials
	if byBearer {
		err = s.noClientProof(form)
	} else if credentials, err = s.clientCredentials(client, form); err == nil && credentials.Method == "" {
		err = domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "a client or a bearer must authenticate")
	}
	if err != nil {
		return err
	}
	raw, err := presentedToken(form)
	if err != nil {
		return err
	}
	var state inbound.Introspection
	if byBearer {
		state, err = s.use.Introspector.IntrospectAsBearer(r.Context(), x.caller, raw)
	} else {
		state, err = s.use.Introspector.IntrospectAsClient(r.Context(), credentials, raw)
	}
	if err != nil {
		return err
	}
	answer := introspected(state)
	return write(c.Response(), http.StatusOK, mediaJSON, &answer)
}

func introspected(state inbound.Introspection) introspectionAnswer {
	if !state.Active {
		return introspectionAnswer{}
	}
	claims := state.Claims
	answer := introspectionAnswer{
		Active: true, Scope: claims.Scope.String(), ClientID: claims.ClientID, Username: claims.Username, Subject: claims.Subject,
		Issuer: claims.Issuer, Audience: claims.Audience, ExpiresAt: seconds(claims.ExpiresAt), IssuedAt: seconds(claims.IssuedAt),
		ID: claims.ID, SessionID: claims.SessionID, Actor: acting(claims.Actors),
	}
	if !state.IsRefresh {
		answer.TokenType = "Bearer"
	}
	return answer
}

// seconds gives a NumericDate (RFC 7519, section 2), zero for no time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// readClientForm reads a form and what the request says about its client, of which
// the form then holds nothing any more. A header that can't authenticate is
// refused before the body is read.
func (s *Server) readClientForm(c echo.Context) (map[string]string, inbound.ClientCredentials, error) {
	client := readAuthorization(c.Request().Header)
	if err := client.check(); err != nil {
		return nil, inbound.ClientCredentials{}, err
	}
	form, err := readForm(c)
	if err != nil {
		return nil, inbound.ClientCredentials{}, err
	}
	credentials, err := s.clientCredentials(client, form)
	return form, credentials, err
}

func (s *Server) revoke(c echo.Context, _ *exchange) error {
	form, credentials, err := s.readClientForm(c)
	if err != nil {
		return err
	}
	raw, err := presentedToken(form)
	if err != nil {
		return err
	}
	if err := s.use.Revoker.Revoke(c.Request().Context(), credentials, raw); err != nil {
		return err
	}
	c.Response().WriteHeader(http.StatusOK)
	return nil
}

// presentedToken gives the token of RFC 7009 and RFC 7662, sections 2.1. The
// token_type_hint is ignored: a search looks everywhere anyway.
func presentedToken(form map[string]string) (domain.Secret, error) {
	if form["token"] == "" {
		return domain.Secret{}, domain.Invalid(domain.CodeInvalidRequest, "token is missing")
	}
	return domain.NewSecret(form["token"]), nil
}

type logoutBody struct {
	All bool `json:"all,omitempty" doc:"End every session of the user"`
}

func (s *Server) logout(c echo.Context, x *exchange) error {
	var body logoutBody
	if err := readOptionalJSON(c, &body); err != nil {
		return err
	}
	if err := s.use.Sessions.Logout(c.Request().Context(), x.caller, body.All); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
