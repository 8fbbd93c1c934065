package scope

import (
	"strings"

	"github.com/keystone-auth/keystone/domain"
)

// maxNameLength bounds a scope name, in bytes.
const maxNameLength = 128

// Name is a scope as `action:resource`, lower-case ASCII, at most 128 bytes.
// It is within the scope-token grammar of RFC 6749, section 3.3.
type Name string

// ParseName accepts `action:resource` with both parts of a-z 0-9 - _ . and
// starting with a letter or digit. `*` has no meaning.
func ParseName(s string) (Name, error) {
	action, resource, found := strings.Cut(s, ":")
	if !found || len(s) > maxNameLength || !validPart(action) || !validPart(resource) {
		return "", domain.InvalidFields(domain.Field{Name: "name", Code: "format", Message: "a scope is action:resource in a-z 0-9 . _ -, at most 128 characters"})
	}
	return Name(s), nil
}

func validPart(s string) bool {
	if s == "" || strings.IndexByte("._-", s[0]) >= 0 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// Of joins an action and a resource.
func Of(action, resource string) Name { return Name(action + ":" + resource) }

// Action is the part before the colon.
func (n Name) Action() string { action, _, _ := strings.Cut(string(n), ":"); return action }

// Resource is the part after the colon.
func (n Name) Resource() string { _, resource, _ := strings.Cut(string(n), ":"); return resource }

// administers is the action that implies every other on its resource.
const administers = "admin"

// impliedBy is the scope that implies n: `admin:resource`.
func (n Name) impliedBy() Name { return Of(administers, n.Resource()) }
