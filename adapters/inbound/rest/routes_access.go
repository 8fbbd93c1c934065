package rest

import (
	"net/http"
	"reflect"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

func (s *Server) roleRoutes() []endpoint {
	one, link := rolesPath+"/:name", rolesPath+"/:name/scopes/:scope"
	answer := reflect.TypeFor[roleAnswer]()
	return []endpoint{
		{method: http.MethodGet, path: rolesPath, access: bearer, scope: scope.ReadRoles, handle: s.listRoles,
			tag: tagRoles, id: listRoles, summary: "All roles, in the order they were made", query: listParameters,
			answer: reflect.TypeFor[listAnswer[roleAnswer]](), status: http.StatusOK},
		{method: http.MethodPost, path: rolesPath, access: bearer, scope: scope.WriteRoles, handle: s.createRole,
			tag: tagRoles, id: "create-role", summary: "Make a role without scopes",
			body: reflect.TypeFor[roleBody](), answer: answer, status: http.StatusCreated},
		{method: http.MethodGet, path: one, access: bearer, scope: scope.ReadRoles, handle: s.getRole,
			tag: tagRoles, id: "get-role", summary: "A role with its scopes", ifNoneMatch: true, answer: answer, status: http.StatusOK},
		{method: http.MethodPatch, path: one, access: bearer, scope: scope.WriteRoles, handle: s.changeRole,
			tag: tagRoles, id: "change-role", summary: "Change a role's description; its name stays", ifMatch: true,
			body: reflect.TypeFor[rolePatch](), answer: answer, status: http.StatusOK},
		{method: http.MethodDelete, path: one, access: bearer, scope: scope.WriteRoles, handle: s.deleteRole,
			tag: tagRoles, id: "delete-role", summary: "Take a role from everyone, and away; built-in ones stay", ifMatch: true,
			refuses: []domain.Code{domain.CodeBuiltin}, status: http.StatusNoContent},
		{method: http.MethodPut, path: link, access: bearer, scope: scope.WriteRoles, handle: s.grantToRole,
			tag: tagRoles, id: "grant-to-role", summary: "Give a role a scope that the caller holds", ifMatch: true, status: http.StatusNoContent},
		{method: http.MethodDelete, path: link, access: bearer, scope: scope.WriteRoles, handle: s.withdrawFromRole,
			tag: tagRoles, id: "withdraw-from-role", summary: "Take a scope from a role", ifMatch: true, status: http.StatusNoContent},
	}
}

func (s *Server) scopeRoutes() []endpoint {
	one, answer := scopesPath+"/:name", reflect.TypeFor[scopeAnswer]()
	return []endpoint{
		{method: http.MethodGet, path: scopesPath, access: bearer, scope: scope.ReadScopes, handle: s.listScopes,
			tag: tagRoles, id: listScopes, summary: "All scopes, in the order they were made", query: listParameters,
			answer: reflect.TypeFor[listAnswer[scopeAnswer]](), status: http.StatusOK},
		{method: http.MethodPost, path: scopesPath, access: bearer, scope: scope.WriteScopes, handle: s.createScope,
			tag: tagRoles, id: "create-scope", summary: "Make a scope",
			body: reflect.TypeFor[scopeBody](), answer: answer, status: http.StatusCreated},
		{method: http.MethodGet, path: one, access: bearer, scope: scope.ReadScopes, handle: s.getScope,
			tag: tagRoles, id: "get-scope", summary: "A scope", ifNoneMatch: true, answer: answer, status: http.StatusOK},
		{method: http.MethodPatch, path: one, access: bearer, scope: scope.WriteScopes, handle: s.changeScope,
			tag: tagRoles, id: "change-scope", summary: "Change a scope's description; its name and resource stay", ifMatch: true,
			body: reflect.TypeFor[scopePatch](), answer: answer, status: http.StatusOK},
		{method: http.MethodDelete, path: one, access: bearer, scope: scope.WriteScopes, handle: s.deleteScope,
			tag: tagRoles, id: "delete-scope", summary: "Remove a scope that no role and no client holds; built-in ones stay", ifMatch: true,
			refuses: []domain.Code{domain.CodeBuiltin, domain.CodeInUse}, status: http.StatusNoContent},
	}
}
