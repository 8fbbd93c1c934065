package rest

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/keystone-auth/keystone/domain/scope"
)

const (
	tagOperations = "Operations"
	settingsPath  = "/api/v1/admin/settings"
)

// operations are the endpoints of those who run the installation.
func (s *Server) operations() []endpoint {
	return []endpoint{
		{method: http.MethodGet, path: "/api/v1/admin/audit", access: bearer, scope: scope.ReadAudit, handle: s.listAudit,
			tag: tagOperations, id: auditList, summary: "What happened, newest first", query: slices.Concat(auditParameters, listParameters),
			answer: reflect.TypeFor[listAnswer[auditAnswer]](), status: http.StatusOK},
		{method: http.MethodGet, path: "/api/v1/admin/stats", access: bearer, scope: scope.ReadAudit, handle: s.statistics,
			tag: tagOperations, id: "get-stats", summary: "The installation in numbers, with the logins of the last 24 hours",
			answer: reflect.TypeFor[statisticsAnswer](), status: http.StatusOK},
		{method: http.MethodGet, path: settingsPath, access: bearer, scope: scope.AdminSystem, handle: s.settings,
			tag: tagOperations, id: "get-settings", summary: "What can be set at run time, as it is in force",
			answer: reflect.TypeFor[settingsAnswer](), status: http.StatusOK},
		{method: http.MethodPatch, path: settingsPath, access: bearer, scope: scope.AdminSystem, handle: s.changeSettings,
			tag: tagOperations, id: "change-settings", summary: "Set at run time, on every instance; null sets back", ifMatch: true,
			body: reflect.TypeFor[map[string]settingValue](), answer: reflect.TypeFor[settingsAnswer](), status: http.StatusOK},
		{method: http.MethodGet, path: keysPath, access: bearer, scope: scope.AdminSystem, handle: s.listKeys,
			tag: tagOperations, id: keyList, summary: "The signing keys, oldest first", query: listParameters,
			answer: reflect.TypeFor[listAnswer[keyAnswer]](), status: http.StatusOK},
		{method: http.MethodPost, path: keysPath + "/rotate", access: bearer, scope: scope.AdminSystem, handle: s.rotateKeys,
			tag: tagOperations, id: "rotate-keys", summary: "Let the next signing key sign from now on; answers with it",
			answer: reflect.TypeFor[keyAnswer](), status: http.StatusOK},
		{method: http.MethodGet, path: "/api/v1/admin/audit/export", access: bearer, scope: scope.ReadAudit, handle: s.exportAudit, streams: true,
			tag: tagOperations, id: "export-audit", summary: "All of what happened, newest first, one JSON object a line", query: auditParameters,
			answer: reflect.TypeFor[auditAnswer](), media: mediaLines, status: http.StatusOK},
	}
}
