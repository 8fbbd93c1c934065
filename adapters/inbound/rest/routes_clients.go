package rest

import (
	"net/http"
	"reflect"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

func (s *Server) clientRoutes() []endpoint {
	one, link, overseen := clientsPath+"/:id", clientsPath+"/:id/scopes/:scope", allClientsPath+"/:id"
	answer := reflect.TypeFor[clientAnswer]()
	return []endpoint{
		{method: http.MethodPost, path: clientsPath, access: bearer, scope: scope.WriteClients, handle: s.createClient,
			tag: tagClients, id: "create-client", summary: "Make a service client; its secret is shown this once",
			body: reflect.TypeFor[clientBody](), answer: answer, status: http.StatusCreated},
		{method: http.MethodGet, path: one, access: bearer, scope: scope.ReadClients, handle: s.getClient,
			tag: tagClients, id: "get-client", summary: "A service client", ifNoneMatch: true, answer: answer, status: http.StatusOK},
		{method: http.MethodPatch, path: one, access: bearer, scope: scope.WriteClients, handle: s.changeClient,
			tag: tagClients, id: "change-client", summary: "Change a service client; null gives a field its default", ifMatch: true,
			body: reflect.TypeFor[clientPatch](), answer: answer, refuses: []domain.Code{domain.CodeBuiltin}, status: http.StatusOK},
		{method: http.MethodDelete, path: one, access: bearer, scope: scope.WriteClients, handle: s.deleteClient,
			tag: tagClients, id: "delete-client", summary: "Delete a service client; its tokens and sessions end", ifMatch: true,
			refuses: []domain.Code{domain.CodeBuiltin}, status: http.StatusNoContent},
		{method: http.MethodPost, path: one + "/secret", access: bearer, scope: scope.WriteClients, handle: s.rotateSecret,
			tag: tagClients, id: "rotate-client-secret", summary: "Make a new secret, shown this once; the old one lives on for a grace", ifMatch: true,
			body: reflect.TypeFor[rotateBody](), bodyOptional: true, answer: reflect.TypeFor[secretAnswer](), refuses: []domain.Code{domain.CodeBuiltin}, status: http.StatusOK},
		{method: http.MethodPut, path: link, access: bearer, scope: scope.WriteClients, handle: s.grantToClient,
			tag: tagClients, id: "grant-to-client", summary: "Give a service client a scope that the caller holds", ifMatch: true, refuses: []domain.Code{domain.CodeBuiltin}, status: http.StatusNoContent},
		{method: http.MethodDelete, path: link, access: bearer, scope: scope.WriteClients, handle: s.withdrawFromClient,
			tag: tagClients, id: "withdraw-from-client", summary: "Take a scope from a service client", ifMatch: true, refuses: []domain.Code{domain.CodeBuiltin}, status: http.StatusNoContent},

		{method: http.MethodGet, path: allClientsPath, access: bearer, scope: scope.AdminClients, handle: s.listClients,
			tag: tagClients, id: listClients, summary: "All service clients with their last use, in the order they were made",
			query: listParameters, answer: reflect.TypeFor[listAnswer[listedClient]](), status: http.StatusOK},
		{method: http.MethodPost, path: overseen + "/deactivate", access: bearer, scope: scope.AdminClients, handle: s.deactivateClient,
			tag: tagClients, id: "deactivate-client", summary: "Keep a service client from everything; its tokens and sessions end for good", ifMatch: true,
			refuses: []domain.Code{domain.CodeBuiltin}, status: http.StatusNoContent},
		{method: http.MethodPost, path: overseen + "/activate", access: bearer, scope: scope.AdminClients, handle: s.activateClient,
			tag: tagClients, id: "activate-client", summary: "Let a service client ask for tokens again", ifMatch: true, refuses: []domain.Code{domain.CodeBuiltin}, status: http.StatusNoContent},
	}
}
