package smtp

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Folder writes mails into files instead of sending them: for development.
type Folder struct {
	composer *Composer
	dir      string
}

var _ outbound.Mailer = (*Folder)(nil)

// NewFolder makes a folder of mails at dir, which is made with the first one.
func NewFolder(dir string, composer *Composer) *Folder { return &Folder{composer: composer, dir: dir} }

// Send writes <template>-<id>.eml for the owner's eyes only. A reader never
// sees half of it: it is renamed into place.
func (f *Folder) Send(ctx context.Context, m outbound.Mail) error {
	if err := ctx.Err(); err != nil {
		return domain.Unavailable(err, 0)
	}
	message, err := f.composer.Compose(m)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if _, err := message.WriteTo(&content); err != nil {
		return domain.Internal(err)
	}
	return place(f.dir, string(m.Template)+"-"+m.ID+".eml", content.Bytes())
}

func place(dir, name string, content []byte) error {
	const retryAfter = time.Minute // someone must make room, or the folder
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return domain.Unavailable(err, retryAfter)
	}
	draft, err := os.CreateTemp(dir, ".draft-*") // of mode 0600
	if err != nil {
		return domain.Unavailable(err, retryAfter)
	}
	_, err = draft.Write(content)
	if failure := draft.Close(); err == nil {
		err = failure
	}
	if err == nil {
		err = os.Rename(draft.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(draft.Name()) // half a mail is of no use; what went wrong is told below
		return domain.Unavailable(err, retryAfter)
	}
	return nil
}
