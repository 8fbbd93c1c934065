package rest

import (
	"net/http"
	"reflect"

	"github.com/keystone-auth/keystone/domain"
)

// Where the links of mails lead, below KEYSTONE_LINK_BASE_URL.
const (
	verifyPagePath = "/verify-email"
	resetPagePath  = "/reset-password"
)

// recoveryRoutes are the endpoints for who has nothing but a mailbox, and the
// pages that mails lead to.
func (s *Server) recoveryRoutes() []endpoint {
	const verification, reset = "/api/v1/users/verify-email", "/api/v1/users/password-reset"
	return []endpoint{
		{method: http.MethodPost, path: verification + "/request", access: anyone, handle: s.requestVerification,
			tag: tagUsers, id: "request-verification", summary: "Have a mail sent that verifies an address; answered alike for every address",
			body: reflect.TypeFor[addressBody](), refuses: []domain.Code{domain.CodeRateLimited}, status: http.StatusAccepted},
		{method: http.MethodPost, path: verification, access: anyone, handle: s.verifyEmail,
			tag: tagUsers, id: "verify-email", summary: "Verify an address with the token from the mail, once and within 24 hours",
			body: reflect.TypeFor[tokenBody](), refuses: []domain.Code{domain.CodeInvalidVerification}, status: http.StatusNoContent},
		{method: http.MethodPost, path: reset + "/request", access: anyone, handle: s.requestReset,
			tag: tagUsers, id: "request-password-reset", summary: "Have a mail sent that leads to a new password; answered alike for every address",
			body: reflect.TypeFor[addressBody](), refuses: []domain.Code{domain.CodeRateLimited}, status: http.StatusAccepted},
		{method: http.MethodPost, path: reset, access: anyone, handle: s.resetPassword,
			tag: tagUsers, id: "reset-password", summary: "Set a new password with the token from the mail, once and within an hour; every session ends",
			body: reflect.TypeFor[resetBody](), refuses: []domain.Code{domain.CodeInvalidReset, domain.CodeBusy}, status: http.StatusNoContent},

		{method: http.MethodPost, path: mePath + "/phone", access: bearer, handle: s.requestPhone,
			tag: tagUsers, id: "request-phone", summary: "Have a code sent to a phone number by SMS",
			body: reflect.TypeFor[phoneBody](), status: http.StatusAccepted},
		{method: http.MethodPost, path: mePath + "/phone/verify", access: bearer, handle: s.verifyPhone,
			tag: tagUsers, id: "verify-phone", summary: "Make a phone number the caller's own with the code from the SMS: within 10 minutes, in 5 tries",
			body: reflect.TypeFor[codeBody](), refuses: []domain.Code{domain.CodeInvalidCode}, status: http.StatusNoContent},

		{method: http.MethodGet, path: verifyPagePath, access: anyone, handle: s.verifyPage, unlisted: true},
		{method: http.MethodPost, path: verifyPagePath, access: anyone, handle: s.verifyFromPage, unlisted: true},
		{method: http.MethodGet, path: resetPagePath, access: anyone, handle: s.resetPage, unlisted: true},
		{method: http.MethodPost, path: resetPagePath, access: anyone, handle: s.resetFromPage, unlisted: true},
	}
}
