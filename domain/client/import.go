package client

import (
	"encoding/base64"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

const maxClientID = 128

// CheckImported holds the identifier and the secret's hash of a client that was
// made elsewhere to the form of those made here; an empty hash matches nothing.
func CheckImported(clientID, secretHash string) []domain.Field {
	var fields []domain.Field
	ok := clientID != "" && len(clientID) <= maxClientID
	for i := 0; ok && i < len(clientID); i++ {
		c := clientID[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
	}
	if !ok {
		fields = append(fields, domain.Field{Name: "client_id", Code: "format", Message: "must be 1 to 128 ASCII letters, digits, underscores or hyphens"})
	}
	if digest, err := base64.RawURLEncoding.Strict().DecodeString(secretHash); secretHash != "" && (err != nil || len(digest) != 32) {
		fields = append(fields, domain.Field{Name: "client_secret_hash", Code: "format", Message: "must be SHA-256 in unpadded base64url"})
	}
	return fields
}

// AdoptSecret makes a secret known elsewhere the client's where it has none and
// authenticates with one, and tells whether it did.
func (c *ServiceClient) AdoptSecret(secretHash string, actor domain.Party, now time.Time) bool {
	if secretHash == "" || c.s.SecretHash != "" || !c.ProvesBySecret() {
		return false
	}
	c.s.SecretHash = secretHash
	c.touch(domain.EventClientSecretRotated, "imported", actor, now)
	return true
}
