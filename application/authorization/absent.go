package authorization

import "github.com/keystone-auth/keystone/domain"

// noRole and noScope word that a path names nothing; other failures pass.
func noRole(err error) error { return absent(err, "there is no such role") }

func noScope(err error) error { return absent(err, "there is no such scope") }

func absent(err error, message string) error {
	if domain.HasCode(err, domain.CodeNotFound) {
		return domain.NotFound(message)
	}
	return err
}

// vanished tells of a scope that was deleted as it was granted: it was in the
// path, so it is absent rather than invalid.
func vanished(err error) error {
	if domain.HasCode(err, domain.CodeUnknownScope) {
		return domain.NotFound("there is no such scope")
	}
	return err
}
