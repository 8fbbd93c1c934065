package e2e

import (
	"net/http"
	"testing"
)

// TestChangesHeedIfMatch sends every change of a role, a user and a client with
// a version that is gone, which changes nothing, and then with the one that
// stands.
func TestChangesHeedIfMatch(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin, roleName := w.admin.Access, "role-"+random()
		w.as(t, admin, "POST", rolesPath, text(map[string]string{"name": roleName}), 201)
		c := w.newClient(t, w.admin, nil, nil)
		role, user, client := rolesPath+"/"+roleName, adminUsersPath+"/"+w.session.UserID, clientsPath+"/"+c.ID
		overseen := allClientsPath + "/" + c.ID
		for _, change := range []struct {
			of, method, path string
			status           int
		}{
			{role, "PUT", role + "/scopes/read:audit", 204},
			{role, "DELETE", role + "/scopes/read:audit", 204},
			{user, "PUT", user + "/roles/" + roleName, 204},
			{user, "DELETE", user + "/roles/" + roleName, 204},
			{user, "POST", user + "/unlock", 204},
			{user, "POST", user + "/password", 200},
			{client, "PUT", client + "/scopes/read:audit", 204},
			{client, "DELETE", client + "/scopes/read:audit", 204},
			{client, "POST", client + "/secret", 200},
			{client, "POST", overseen + "/deactivate", 204},
			{client, "POST", overseen + "/activate", 204},
		} {
			before := w.as(t, admin, "GET", change.of, "", 200)
			sent := call{method: change.method, path: change.path, bearer: admin, header: http.Header{"If-Match": {`"9999"`}}}
			w.want(t, 412, sent).has(t, "code", "version_mismatch")
			if after := w.as(t, admin, "GET", change.of, "", 200); string(after.body) != string(before.body) || after.header.Get("ETag") != before.header.Get("ETag") {
				t.Errorf("%s %s of another version left\n%s %s, it was\n%s %s", change.method, change.path,
					after.header.Get("ETag"), after.body, before.header.Get("ETag"), before.body)
			}
			sent.header = http.Header{"If-Match": {before.header.Get("ETag")}}
			w.want(t, change.status, sent)
		}
		// Who lacks the rights is told that first.
		stale := http.Header{"If-Match": {`"9999"`}}
		writer := w.administrator(t, "write:users", "admin:users", "write:profile", "read:profile")
		w.want(t, 403, call{method: "POST", path: adminUsersPath + "/" + w.admin.UserID + "/unlock", bearer: writer, header: stale})
	})
}

// TestReadsHeedIfNoneMatch has what is held already answered without a body, as
// long as it stands.
func TestReadsHeedIfNoneMatch(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin, roleName, scopeName := w.admin.Access, "role-"+random(), "read:r"+random()
		w.as(t, admin, "POST", rolesPath, text(map[string]string{"name": roleName}), 201)
		w.as(t, admin, "POST", scopesPath, text(map[string]string{"name": scopeName}), 201)
		c := w.newClient(t, w.admin, nil, nil)
		for _, path := range []string{rolesPath + "/" + roleName, scopesPath + "/" + scopeName, clientsPath + "/" + c.ID} {
			tag := w.as(t, admin, "GET", path, "", 200).header.Get("ETag")
			read := func(held string, status int) {
				t.Helper()
				got := w.want(t, status, call{method: "GET", path: path, bearer: admin, header: http.Header{"If-None-Match": {held}}})
				if status == http.StatusNotModified && (len(got.body) != 0 || got.header.Get("ETag") != tag || got.header.Get("Cache-Control") != "no-store") {
					t.Errorf("%s: %v %q", path, got.header, got.body)
				}
			}
			for _, held := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
				read(held, http.StatusNotModified)
			}
			read(`"other"`, 200)
			w.as(t, admin, "PATCH", path, `{"description":"other"}`, 200)
			read(tag, 200)
		}
		// The version of an account does not stand for its last login and its
		// effective scopes, so that they are told again.
		own := w.want(t, 200, me(w.session.Access))
		again := me(w.session.Access)
		again.header = http.Header{"If-None-Match": {own.header.Get("ETag")}}
		w.want(t, 200, again)
	})
}

// TestTagsAreNotReused: what is made again under the name of what is gone is
// another thing, and has another tag (RFC 9110, section 8.8.3).
func TestTagsAreNotReused(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin := w.admin.Access
		for path, name := range map[string]string{rolesPath: "role-" + random(), scopesPath: "read:r" + random()} {
			one, body := path+"/"+name, text(map[string]string{"name": name})
			first := w.as(t, admin, "POST", path, body, 201).header.Get("ETag")
			w.as(t, admin, "DELETE", one, "", 204)
			again := w.as(t, admin, "POST", path, body, 201).header.Get("ETag")
			w.want(t, 200, call{method: "GET", path: one, bearer: admin, header: http.Header{"If-None-Match": {first}}})
			w.want(t, 412, call{method: "DELETE", path: one, bearer: admin, header: http.Header{"If-Match": {first}}})
			w.want(t, 204, call{method: "DELETE", path: one, bearer: admin, header: http.Header{"If-Match": {again}}})
		}
	})
}
