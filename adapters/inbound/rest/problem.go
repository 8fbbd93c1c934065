package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

// Failures that only HTTP has, beside the domain's codes.
const (
	codeMethodNotAllowed domain.Code = "method_not_allowed"
	codeTooLarge         domain.Code = "payload_too_large"
	codeMediaType        domain.Code = "unsupported_media_type"
)

// problemStatus maps every code to what the REST API answers. A code that is
// not here is a fault of ours.
var problemStatus = map[domain.Code]int{
	domain.CodeInternal:      http.StatusInternalServerError,
	domain.CodeUnavailable:   http.StatusServiceUnavailable,
	domain.CodeBusy:          http.StatusServiceUnavailable,
	domain.CodeRateLimited:   http.StatusTooManyRequests,
	domain.CodeInvalidInput:  http.StatusUnprocessableEntity,
	domain.CodeInvalidID:     http.StatusUnprocessableEntity,
	domain.CodeNotFound:      http.StatusNotFound,
	domain.CodeConflict:      http.StatusConflict,
	domain.CodeVersion:       http.StatusPreconditionFailed,
	domain.CodeForbidden:     http.StatusForbidden,
	domain.CodeUsernameTaken: http.StatusConflict,
	domain.CodeEmailTaken:    http.StatusConflict,
	domain.CodeNotSpendable:  http.StatusConflict,
	domain.CodeUnknownScope:  http.StatusUnprocessableEntity,
	domain.CodeUnknownRole:   http.StatusUnprocessableEntity,
	domain.CodeClosed:        http.StatusForbidden,
	domain.CodeBuiltin:       http.StatusConflict,
	domain.CodeInUse:         http.StatusConflict,
	domain.CodeLastSuperuser: http.StatusConflict,
	domain.CodeWrongPassword: http.StatusForbidden,
	domain.CodeAccountLocked: http.StatusForbidden,

	domain.CodeInvalidVerification: http.StatusBadRequest,
	domain.CodeInvalidReset:        http.StatusBadRequest,
	domain.CodeInvalidCode:         http.StatusBadRequest,

	domain.CodeInvalidRequest:       http.StatusBadRequest,
	domain.CodeInvalidClient:        http.StatusUnauthorized,
	domain.CodeInvalidGrant:         http.StatusBadRequest,
	domain.CodeUnauthorizedClient:   http.StatusForbidden,
	domain.CodeUnsupportedGrantType: http.StatusBadRequest,
	domain.CodeInvalidScope:         http.StatusBadRequest,
	domain.CodeInvalidTarget:        http.StatusBadRequest,
	domain.CodeAuthorizationPending: http.StatusBadRequest,
	domain.CodeSlowDown:             http.StatusBadRequest,
	domain.CodeExpiredToken:         http.StatusBadRequest,
	domain.CodeAccessDenied:         http.StatusBadRequest,
	domain.CodeInvalidToken:         http.StatusUnauthorized,
	domain.CodeMissingToken:         http.StatusUnauthorized,
	domain.CodeInsufficientScope:    http.StatusForbidden,

	codeMethodNotAllowed: http.StatusMethodNotAllowed,
	codeTooLarge:         http.StatusRequestEntityTooLarge,
	codeMediaType:        http.StatusUnsupportedMediaType,
}

// problemType and a code make the type of a problem.
const problemType = "urn:keystone:problem:"

// notReady is what /readyz answers while a dependency is away.
const notReady = http.StatusServiceUnavailable

// faulty tells whether a status is the server's own failure.
func faulty(status int) bool { return status >= http.StatusInternalServerError }

// problem is the body of RFC 9457, with a stable code. It never holds a value
// that was rejected.
type problem struct {
	Type      string         `json:"type" doc:"urn:keystone:problem: and the code"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Code      string         `json:"code" doc:"Stable, for programs"`
	RequestID string         `json:"request_id"`
	Errors    []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`

	Score    *int     `json:"score,omitempty" doc:"Of a password: 0, guessed at once, to 4"`
	Feedback []string `json:"feedback,omitempty" doc:"What would make a password better"`
}

// classify makes any error one that can be answered: the router's, a deadline
// that passed underneath, and faults, of which nothing is told.
func classify(ctx context.Context, err error) *domain.Error {
	switch {
	case errors.Is(err, echo.ErrNotFound):
		return domain.NotFound("there is nothing at this address")
	case errors.Is(err, echo.ErrMethodNotAllowed):
		return domain.Invalid(codeMethodNotAllowed, "the method is not allowed here")
	}
	e := domain.AsError(err)
	if _, mapped := problemStatus[e.Code]; !mapped || e.Kind == domain.KindInternal {
		if ctx.Err() != nil { // the deadline passed, or nobody waits for the answer any more
			return domain.Unavailable(err, time.Second)
		}
		return domain.Internal(err)
	}
	return e
}

// problemPage answers a person in a browser with a page that words the failure.
func problemPage(response *echo.Response, e *domain.Error, page []byte) error {
	status := problemStatus[e.Code]
	setRetryAfter(response.Header(), status, e.RetryAfter)
	return writeBytes(response, status, mediaHTML, page)
}

func writeProblem(response *echo.Response, e *domain.Error, requestID string) error {
	status := problemStatus[e.Code]
	p := problem{
		Type: problemType + string(e.Code), Title: http.StatusText(status), Status: status,
		Detail: e.Message, Code: string(e.Code), RequestID: requestID,
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, answerField(f))
	}
	h := response.Header()
	setRetryAfter(h, status, e.RetryAfter)
	setRateLimit(h, e)
	if challenge := bearerChallenge(e); challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	return write(response, status, mediaProblem, p)
}

func answerField(f domain.Field) problemField {
	answer := problemField{Field: f.Name, Code: f.Code, Message: f.Message}
	if f.Strength != nil {
		answer.Score, answer.Feedback = &f.Strength.Score, f.Strength.Feedback
	}
	return answer
}

// setRetryAfter gives whole seconds, rounded up, at least one
// (RFC 9110, section 10.2.3).
func setRetryAfter(h http.Header, status int, after time.Duration) {
	if after <= 0 && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return
	}
	seconds := max(1, int64((after+time.Second-1)/time.Second))
	h.Set("Retry-After", strconv.FormatInt(seconds, 10))
}
