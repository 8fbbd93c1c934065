package sms

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Folder writes texts into files instead of sending them: for development.
type Folder struct{ dir, service string }

var _ outbound.Texter = (*Folder)(nil)

// NewFolder makes a folder of texts at dir, which is made with the first one.
func NewFolder(dir, service string) *Folder { return &Folder{dir: dir, service: service} }

// Send writes phone_code-<id>.sms for the owner's eyes only: the number, a
// blank line, the words.
func (f *Folder) Send(ctx context.Context, t outbound.Text) error {
	const retryAfter = time.Minute // someone must make room, or the folder
	if err := ctx.Err(); err != nil {
		return domain.Unavailable(err, 0)
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return domain.Unavailable(err, retryAfter)
	}
	content := fmt.Sprintf("To: %s\n\n%s\n", t.To, words(f.service, t))
	path := filepath.Join(f.dir, "phone_code-"+t.ID+".sms")
	// Written beside and renamed into place: a reader never sees half of it.
	if err := os.WriteFile(path+".draft", []byte(content), 0o600); err != nil {
		return domain.Unavailable(err, retryAfter)
	}
	if err := os.Rename(path+".draft", path); err != nil {
		return domain.Unavailable(err, retryAfter)
	}
	return nil
}
