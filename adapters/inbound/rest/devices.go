package rest

import (
	"html"
	"net/http"
	"reflect"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

const (
	deviceAuthorizationPath = "/api/v1/auth/device_authorization"
	devicePath              = mePath + "/devices/:user_code"
	devicePagePath          = "/device"
)

// deviceCodesAnswer is RFC 8628, section 3.2.
type deviceCodesAnswer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in" doc:"Seconds"`
	Interval                int64  `json:"interval" doc:"Seconds between polls"`
}

// deviceAnswer is what a person decides about.
type deviceAnswer struct {
	ClientID   string    `json:"client_id"`
	ClientName string    `json:"client_name"`
	Scopes     []string  `json:"scopes" doc:"Asked for; empty: all that the client may have"`
	Address    string    `json:"address" doc:"Where the device asked from"`
	UserAgent  string    `json:"user_agent"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// deviceRoutes are there where devices are let in.
func (s *Server) deviceRoutes() []endpoint {
	if s.use.Devices == nil {
		return nil
	}
	return []endpoint{
		{method: http.MethodPost, path: deviceAuthorizationPath, access: client, protocol: oauthProtocol, handle: s.authorizeDevice,
			tag: tagOAuth, id: "authorize-device", summary: "Codes to log a device in with (RFC 8628)",
			form: append([]field{{name: "scope", description: "Space-separated"}}, s.clientForm()...), answer: reflect.TypeFor[deviceCodesAnswer](), status: http.StatusOK,
			refuses: []domain.Code{domain.CodeUnauthorizedClient, domain.CodeInvalidScope}},
		{method: http.MethodGet, path: devicePath, access: bearer, handle: s.showDevice,
			tag: tagUsers, id: "get-device", summary: "The device that waits under a user code", answer: reflect.TypeFor[deviceAnswer](), status: http.StatusOK,
			refuses: []domain.Code{domain.CodeForbidden}},
		{method: http.MethodPost, path: devicePath + "/approve", access: bearer, handle: s.approveDevice,
			tag: tagUsers, id: "approve-device", summary: "Let a device in, with no more than this token holds",
			body: reflect.TypeFor[proofBody](), refuses: append([]domain.Code{domain.CodeForbidden}, unproven...), status: http.StatusNoContent},
		{method: http.MethodPost, path: devicePath + "/deny", access: bearer, handle: s.denyDevice,
			tag: tagUsers, id: "deny-device", summary: "Keep a device out", status: http.StatusNoContent,
			refuses: []domain.Code{domain.CodeForbidden}},
		{method: http.MethodGet, path: devicePagePath, access: anyone, handle: s.devicePage, unlisted: true},
	}
}

func (s *Server) authorizeDevice(c echo.Context, _ *exchange) error {
	form, credentials, err := s.readClientForm(c)
	if err != nil {
		return err
	}
	codes, err := s.use.Devices.Authorize(c.Request().Context(), inbound.DeviceRequest{Client: credentials, Scope: form["scope"]})
	if err != nil {
		return err
	}
	page := s.config.Issuer + devicePagePath
	return write(c.Response(), http.StatusOK, mediaJSON, deviceCodesAnswer{
		DeviceCode: codes.Device.Reveal(), UserCode: codes.User, VerificationURI: page, VerificationURIComplete: page + "?user_code=" + codes.User,
		ExpiresIn: int64(codes.ExpiresIn / time.Second), Interval: int64(codes.Interval / time.Second),
	})
}

func (s *Server) showDevice(c echo.Context, x *exchange) error {
	waiting, err := s.use.Devices.Device(c.Request().Context(), x.caller, pathValue(c, "user_code"))
	if err != nil {
		return err
	}
	return write(c.Response(), http.StatusOK, mediaJSON, deviceAnswer{
		ClientID: waiting.ClientID, ClientName: waiting.ClientName, Scopes: waiting.Scope.Strings(), Address: waiting.Origin.Address,
		UserAgent: waiting.Origin.UserAgent, CreatedAt: waiting.AskedAt.UTC(), ExpiresAt: waiting.ExpiresAt.UTC(),
	})
}

func (s *Server) approveDevice(c echo.Context, x *exchange) error {
	var body proofBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	return done(c, s.use.Devices.Approve(c.Request().Context(), x.caller, pathValue(c, "user_code"), domain.NewSecret(body.CurrentPassword)))
}

func (s *Server) denyDevice(c echo.Context, x *exchange) error {
	return done(c, s.use.Devices.Deny(c.Request().Context(), x.caller, pathValue(c, "user_code")))
}

// devicePage says where a code is entered: nobody logs in here, so it decides
// nothing.
func (s *Server) devicePage(c echo.Context, _ *exchange) error {
	pageHeaders(c)
	text := "<p>Open the application in which you are signed in, and enter the code that your device shows there.</p>"
	if code, _, err := queryValue(c, "user_code"); err == nil && code != "" && len(code) <= maxShownToken {
		text += "\n<p>The code is <strong>" + html.EscapeString(code) + "</strong>. Enter it only if a device of yours shows it.</p>"
	}
	return writeBytes(c.Response(), http.StatusOK, mediaHTML, document("Log a device in", text))
}
