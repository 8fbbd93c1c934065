package rest

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

const (
	adminUsersPath = "/api/v1/admin/users"
	adminUserPath  = adminUsersPath + "/:id"
	mePath         = "/api/v1/users/me"
)

// userRoutes are the endpoints that keep other people's accounts.
func (s *Server) userRoutes() []endpoint {
	one := reflect.TypeFor[userAnswer]()
	link := endpoint{path: adminUserPath + "/roles/:role", access: bearer, scope: scope.AdminUsers, tag: tagUsers, ifMatch: true, status: http.StatusNoContent}
	assign, withdraw := link, link
	assign.method, assign.handle, assign.id, assign.summary = http.MethodPut, s.assignRole, "assign-role", "Give a user a role whose every scope the caller holds"
	withdraw.method, withdraw.handle, withdraw.id, withdraw.summary = http.MethodDelete, s.withdrawRole, "withdraw-role", "Take a role from a user"

	return []endpoint{
		{method: http.MethodGet, path: adminUsersPath, access: bearer, scope: scope.ReadUsers, handle: s.listUsers,
			tag: tagUsers, id: userList, summary: "Accounts, oldest first", query: slices.Concat(userParameters, listParameters),
			answer: reflect.TypeFor[listAnswer[userAnswer]](), status: http.StatusOK},
		{method: http.MethodPost, path: adminUsersPath, access: bearer, scope: scope.WriteUsers, handle: s.createUser,
			tag: tagUsers, id: "create-user", summary: "Make an account with the role user",
			body: reflect.TypeFor[userBody](), answer: one, refuses: []domain.Code{domain.CodeUsernameTaken, domain.CodeEmailTaken, domain.CodeBusy}, status: http.StatusCreated},
		{method: http.MethodGet, path: adminUserPath, access: bearer, scope: scope.ReadUsers, handle: s.getUser,
			tag: tagUsers, id: "get-user", summary: "An account with its effective scopes", answer: one, status: http.StatusOK},
		{method: http.MethodPatch, path: adminUserPath, access: bearer, scope: scope.WriteUsers, handle: s.changeUser,
			tag: tagUsers, id: "change-user", summary: "Change an account; null clears a profile field", ifMatch: true,
			body: reflect.TypeFor[userPatch](), answer: one, refuses: []domain.Code{domain.CodeUsernameTaken, domain.CodeEmailTaken, domain.CodeBusy, domain.CodeLastSuperuser}, status: http.StatusOK},
		{method: http.MethodDelete, path: adminUserPath, access: bearer, scope: scope.DeleteUsers, handle: s.deleteUser,
			tag: tagUsers, id: "delete-user", summary: "End an account and all that belongs to it", ifMatch: true, refuses: []domain.Code{domain.CodeLastSuperuser}, status: http.StatusNoContent},
		assign, withdraw,
		{method: http.MethodGet, path: adminUserPath + "/sessions", access: bearer, scope: scope.ReadSessions, handle: s.listUserSessions,
			tag: tagUsers, id: userSessionList, summary: "A user's living sessions, newest first", query: listParameters,
			answer: reflect.TypeFor[listAnswer[sessionAnswer]](), status: http.StatusOK},
		{method: http.MethodDelete, path: adminUserPath + "/sessions", access: bearer, scope: scope.WriteSessions, handle: s.endUserSessions,
			tag: tagUsers, id: "end-user-sessions", summary: "End every session of a user", status: http.StatusNoContent},
		{method: http.MethodPost, path: adminUserPath + "/logout", access: bearer, scope: scope.WriteUsers, handle: s.logoutUser,
			tag: tagUsers, id: "logout-user", summary: "End every session of a user", status: http.StatusNoContent},
		{method: http.MethodPost, path: adminUserPath + "/unlock", access: bearer, scope: scope.WriteUsers, handle: s.unlockUser,
			tag: tagUsers, id: "unlock-user", summary: "Lift a lockout", ifMatch: true, status: http.StatusNoContent},
		{method: http.MethodPost, path: adminUserPath + "/password", access: bearer, scope: scope.WriteUsers, handle: s.setUserPassword,
			tag: tagUsers, id: "set-user-password", summary: "Replace a password: by the given one (204), or by a generated one that is shown this once (200)", ifMatch: true,
			body: reflect.TypeFor[passwordBody](), bodyOptional: true, answer: reflect.TypeFor[passwordAnswer](), refuses: []domain.Code{domain.CodeBusy}, status: http.StatusOK, alsoAs: http.StatusNoContent},
	}
}

// ownAccessRoutes are the endpoints of a user's own password and sessions.
func (s *Server) ownAccessRoutes() []endpoint {
	return []endpoint{
		{method: http.MethodDelete, path: mePath, access: bearer, handle: s.deleteMe,
			tag: tagUsers, id: "delete-me", summary: "End the caller's account and all that belongs to it; a wrong password is 403 wrong_password", ifMatch: true,
			body: reflect.TypeFor[proofBody](), refuses: append([]domain.Code{domain.CodeLastSuperuser}, unproven...), status: http.StatusNoContent},
		{method: http.MethodPost, path: mePath + "/password", access: bearer, handle: s.changePassword,
			tag: tagUsers, id: "change-password", summary: "Change the caller's password and end every other session; a wrong password is 403 wrong_password",
			body: reflect.TypeFor[changePasswordBody](), refuses: unproven, status: http.StatusNoContent},
		{method: http.MethodGet, path: mePath + "/sessions", access: bearer, handle: s.listMySessions,
			tag: tagUsers, id: mySessionList, summary: "The caller's living sessions, newest first", query: listParameters,
			answer: reflect.TypeFor[listAnswer[sessionAnswer]](), refuses: notUsers, status: http.StatusOK},
		{method: http.MethodDelete, path: mePath + "/sessions", access: bearer, handle: s.endOtherSessions,
			tag: tagUsers, id: "end-other-sessions", summary: "End all of the caller's sessions but this one", status: http.StatusNoContent},
		{method: http.MethodDelete, path: mePath + "/sessions/:id", access: bearer, handle: s.endMySession,
			tag: tagUsers, id: "end-session", summary: "End one of the caller's sessions", status: http.StatusNoContent},
	}
}
