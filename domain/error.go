package domain

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the family of a failure. Adapters map a kind, never a message, to
// what their protocol answers.
type Kind uint8

// The kinds. The zero value is KindInternal: what nobody classified is ours.
const (
	KindInternal        Kind = iota // a fault of ours; says nothing to the outside
	KindInvalid                     // the input breaks a rule
	KindUnauthenticated             // who is asking is not proven
	KindForbidden                   // proven, and not allowed
	KindNotFound                    // absent, or not the caller's to know of
	KindConflict                    // clashes with what is stored
	KindPrecondition                // If-Match named another version
	KindLimited                     // asked too often
	KindUnavailable                 // a dependency or a queue; try again later
)

// Code names a failure for programs; it is stable and part of the contract.
type Code string

// The codes, each mapped by both protocols (problem+json and OAuth); a test
// fails on one that is not.
const (
	CodeInternal      Code = "internal"
	CodeUnavailable   Code = "unavailable"
	CodeBusy          Code = "busy"
	CodeRateLimited   Code = "rate_limited"
	CodeInvalidInput  Code = "validation_failed"
	CodeInvalidID     Code = "invalid_id"
	CodeNotFound      Code = "not_found"
	CodeConflict      Code = "conflict"
	CodeVersion       Code = "version_mismatch"
	CodeForbidden     Code = "forbidden"
	CodeUsernameTaken Code = "username_taken"
	CodeEmailTaken    Code = "email_taken"
	CodeNotSpendable  Code = "not_spendable"
	CodeUnknownScope  Code = "unknown_scope"
	CodeUnknownRole   Code = "unknown_role"
	CodeClosed        Code = "registration_closed"
	CodeBuiltin       Code = "builtin" // what every installation has can't be taken away
	CodeInUse         Code = "in_use"
	CodeLastSuperuser Code = "last_superuser"
	CodeWrongPassword Code = "wrong_password"
	CodeAccountLocked Code = "account_locked"

	// Mailed tokens and texted codes: unknown, used, replaced or expired alike.
	CodeInvalidVerification Code = "invalid_verification_token"
	CodeInvalidReset        Code = "invalid_reset_token"
	CodeInvalidCode         Code = "invalid_phone_code"

	// RFC 6749, section 5.2.
	CodeInvalidRequest       Code = "invalid_request"
	CodeInvalidClient        Code = "invalid_client"
	CodeInvalidGrant         Code = "invalid_grant"
	CodeUnauthorizedClient   Code = "unauthorized_client"
	CodeUnsupportedGrantType Code = "unsupported_grant_type"
	CodeInvalidScope         Code = "invalid_scope"

	// RFC 8693, section 2.2.2, and RFC 8707.
	CodeInvalidTarget Code = "invalid_target"

	// RFC 8628, section 3.5.
	CodeAuthorizationPending Code = "authorization_pending"
	CodeSlowDown             Code = "slow_down"
	CodeExpiredToken         Code = "expired_token"
	CodeAccessDenied         Code = "access_denied"

	// RFC 6750, section 3.1.
	CodeInvalidToken      Code = "invalid_token"
	CodeMissingToken      Code = "missing_token"
	CodeInsufficientScope Code = "insufficient_scope"
)

// Codes lists every code, for the tests that hold both mappings complete.
func Codes() []Code {
	return []Code{
		CodeInternal, CodeUnavailable, CodeBusy, CodeRateLimited, CodeInvalidInput, CodeInvalidID, CodeNotFound,
		CodeConflict, CodeVersion, CodeForbidden, CodeUsernameTaken, CodeEmailTaken, CodeNotSpendable,
		CodeUnknownScope, CodeUnknownRole, CodeClosed, CodeBuiltin, CodeInUse,
		CodeLastSuperuser, CodeWrongPassword, CodeAccountLocked,
		CodeInvalidVerification, CodeInvalidReset, CodeInvalidCode,
		CodeInvalidRequest, CodeInvalidClient, CodeInvalidGrant, CodeUnauthorizedClient,
		CodeUnsupportedGrantType, CodeInvalidScope, CodeInvalidTarget,
		CodeAuthorizationPending, CodeSlowDown, CodeExpiredToken, CodeAccessDenied, CodeInvalidToken, CodeMissingToken, CodeInsufficientScope,
	}
}

// Reasons that accompany invalid_grant once the right password was given, or
// where the identifier is locked (contract 3.1).
const (
	ReasonAccountLocked   = "account_locked"
	ReasonAccountDisabled = "account_disabled"
	ReasonEmailUnverified = "email_unverified"
	ReasonPasswordExpired = "password_expired"
)

// Field is one input that broke a rule. It never carries the rejected value.
type Field struct {
	Name    string // snake_case, dotted for nesting
	Code    string // stable, for programs
	Message string // for people

	Strength *Strength // of a password that was judged
}

// Strength says how hard a password is to guess, and what to do about it.
type Strength struct {
	Score    int // 0 to 4, as zxcvbn scores
	Feedback []string
}

// Error is the one failure type that crosses rooms. Message is written for the
// caller and safe to show; the cause is for the log only.
type Error struct {
	Kind    Kind
	Code    Code
	Message string

	Fields      []Field       // which inputs, where Kind is KindInvalid
	Reason      string        // extension member of an OAuth error
	RetryAfter  time.Duration // zero where trying again does not help
	LockedUntil time.Time     // set with ReasonAccountLocked
	Scope       string        // the scope that was missing
	Limit       Limit         // the one that was reached, with CodeRateLimited

	cause error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap gives the cause, for errors.Is and for the log.
func (e *Error) Unwrap() error { return e.cause }

// Is matches errors of the same code, so that a freshly made error equals its
// like: errors.Is(err, domain.NotFound("")).
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// Because attaches what went wrong underneath, for the log.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// E makes an error of any kind. The shorthands below read better.
func E(kind Kind, code Code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Invalid says that the input breaks a rule.
func Invalid(code Code, message string) *Error { return E(KindInvalid, code, message) }

// InvalidFields says which inputs break which rules; nil where there are none.
func InvalidFields(fields ...Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Code: CodeInvalidInput, Message: "the input is not valid", Fields: fields}
}

// AllFields joins checks of one input, so that the broken fields of all are told
// at once. The first failure of another kind is told alone.
func AllFields(checks ...error) error {
	var fields []Field
	for _, err := range checks {
		if err == nil {
			continue
		}
		broken := AsError(err)
		if broken.Code != CodeInvalidInput || len(broken.Fields) == 0 {
			return err
		}
		fields = append(fields, broken.Fields...)
	}
	return InvalidFields(fields...)
}

// NotFound says that the thing is absent.
func NotFound(message string) *Error { return E(KindNotFound, CodeNotFound, message) }

// Conflict says that the change clashes with what is stored.
func Conflict(code Code, message string) *Error { return E(KindConflict, code, message) }

// Forbidden says that the caller is known and may not do this.
func Forbidden(message string) *Error { return E(KindForbidden, CodeForbidden, message) }

// Unavailable says that a dependency did not answer; the caller may retry
// after the given time.
func Unavailable(cause error, retryAfter time.Duration) *Error {
	return &Error{Kind: KindUnavailable, Code: CodeUnavailable, Message: "a dependency is not available", RetryAfter: retryAfter, cause: cause}
}

// Internal hides a fault of ours behind one neutral answer.
func Internal(cause error) *Error {
	return &Error{Kind: KindInternal, Code: CodeInternal, Message: "something went wrong on our side", cause: cause}
}

// AsError finds the Error in err; anything else becomes an internal one.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Internal(err)
}

// HasCode tells whether err is an Error of that code.
func HasCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Refusal wraps an error that must not undo the unit of work it is returned
// from: the change commits, then the caller is refused (a reused refresh token
// still ends its session).
type Refusal struct{ Err error }

func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap gives the error the caller is refused with.
func (r *Refusal) Unwrap() error { return r.Err }

// Refuse marks err as a refusal: UnitOfWork.Do commits and then returns err
// itself, without this wrapping.
func Refuse(err error) error { return &Refusal{Err: err} }
