package extension

import (
	"context"

	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Directory finds users by a personnel number where no username is like it.
type Directory struct {
	outbound.UserDirectory
	names map[string]string
}

var _ outbound.UserDirectory = (*Directory)(nil)

// NewDirectory wraps a directory; names are usernames by personnel number.
func NewDirectory(next outbound.UserDirectory, names map[string]string) *Directory {
	return &Directory{UserDirectory: next, names: names}
}

// ByLogin implements the port. A number costs the same one look as a name.
func (d *Directory) ByLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error) {
	if name, known := d.names[folded]; known && !isEmail {
		folded = name
	}
	return d.UserDirectory.ByLogin(ctx, folded, isEmail)
}
