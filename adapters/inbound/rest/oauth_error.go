package rest

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

type oauthFailure struct {
	status int
	name   string
}

// oauthFailures maps every code to an error of RFC 6749, sections 4.1.2.1 and
// 5.2, or RFC 6750, section 3.1. A code that is not here is a fault of ours.
var oauthFailures = map[domain.Code]oauthFailure{
	domain.CodeInternal:      {http.StatusInternalServerError, "server_error"},
	domain.CodeUnavailable:   {http.StatusServiceUnavailable, "temporarily_unavailable"},
	domain.CodeBusy:          {http.StatusServiceUnavailable, "temporarily_unavailable"},
	domain.CodeRateLimited:   {http.StatusTooManyRequests, "temporarily_unavailable"},
	domain.CodeInvalidInput:  {http.StatusBadRequest, "invalid_request"},
	domain.CodeInvalidID:     {http.StatusBadRequest, "invalid_request"},
	domain.CodeNotFound:      {http.StatusNotFound, "invalid_request"},
	domain.CodeConflict:      {http.StatusBadRequest, "invalid_request"},
	domain.CodeVersion:       {http.StatusBadRequest, "invalid_request"},
	domain.CodeForbidden:     {http.StatusForbidden, "access_denied"},
	domain.CodeUsernameTaken: {http.StatusBadRequest, "invalid_request"},
	domain.CodeEmailTaken:    {http.StatusBadRequest, "invalid_request"},
	domain.CodeNotSpendable:  {http.StatusBadRequest, "invalid_grant"},
	domain.CodeUnknownScope:  {http.StatusBadRequest, "invalid_scope"},
	domain.CodeUnknownRole:   {http.StatusBadRequest, "invalid_request"},
	domain.CodeClosed:        {http.StatusForbidden, "access_denied"},
	domain.CodeBuiltin:       {http.StatusBadRequest, "invalid_request"},
	domain.CodeInUse:         {http.StatusBadRequest, "invalid_request"},
	domain.CodeLastSuperuser: {http.StatusBadRequest, "invalid_request"},
	domain.CodeWrongPassword: {http.StatusForbidden, "access_denied"},
	domain.CodeAccountLocked: {http.StatusForbidden, "access_denied"},

	domain.CodeInvalidVerification: {http.StatusBadRequest, "invalid_request"},
	domain.CodeInvalidReset:        {http.StatusBadRequest, "invalid_request"},
	domain.CodeInvalidCode:         {http.StatusBadRequest, "invalid_request"},

	domain.CodeInvalidRequest:       {http.StatusBadRequest, "invalid_request"},
	domain.CodeInvalidClient:        {http.StatusUnauthorized, "invalid_client"},
	domain.CodeInvalidGrant:         {http.StatusBadRequest, "invalid_grant"},
	domain.CodeUnauthorizedClient:   {http.StatusBadRequest, "unauthorized_client"},
	domain.CodeUnsupportedGrantType: {http.StatusBadRequest, "unsupported_grant_type"},
	domain.CodeInvalidScope:         {http.StatusBadRequest, "invalid_scope"},
	domain.CodeInvalidTarget:        {http.StatusBadRequest, "invalid_target"},
	domain.CodeAuthorizationPending: {http.StatusBadRequest, "authorization_pending"},
	domain.CodeSlowDown:             {http.StatusBadRequest, "slow_down"},
	domain.CodeExpiredToken:         {http.StatusBadRequest, "expired_token"},
	domain.CodeAccessDenied:         {http.StatusBadRequest, "access_denied"},
	domain.CodeInvalidToken:         {http.StatusUnauthorized, "invalid_token"},
	domain.CodeMissingToken:         {http.StatusUnauthorized, "invalid_client"},
	domain.CodeInsufficientScope:    {http.StatusForbidden, "insufficient_scope"},

	codeMethodNotAllowed: {http.StatusMethodNotAllowed, "invalid_request"},
	codeTooLarge:         {http.StatusRequestEntityTooLarge, "invalid_request"},
	codeMediaType:        {http.StatusUnsupportedMediaType, "invalid_request"},
}

// basicChallenge goes with every invalid_client (RFC 6749, section 5.2;
// RFC 7617, section 2.1).
const basicChallenge = `Basic realm="keystone", charset="UTF-8"`

// oauthError is the body of RFC 6749, section 5.2, with extension members.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Reason      string `json:"reason,omitempty" doc:"Why, where error alone does not tell"`
	LockedUntil string `json:"locked_until,omitempty" format:"date-time" doc:"With reason account_locked"`
}

func writeOAuthError(response *echo.Response, e *domain.Error) error {
	failure := oauthFailures[e.Code]
	body := oauthError{Error: failure.name, Description: oauthText(e.Message), Reason: oauthText(e.Reason)}
	if !e.LockedUntil.IsZero() {
		body.LockedUntil = e.LockedUntil.UTC().Format(time.RFC3339)
	}
	h := response.Header()
	setRetryAfter(h, failure.status, e.RetryAfter)
	setRateLimit(h, e)
	if failure.name == "invalid_client" {
		h.Set("WWW-Authenticate", basicChallenge)
	} else if challenge := bearerChallenge(e); challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	return write(response, failure.status, mediaJSON, body)
}

// oauthText keeps a text within %x20-21 / %x23-5B / %x5D-7E, the characters of
// error_description and of auth-params without escapes.
func oauthText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, s)
}
