package bootstrap

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/keystone-auth/keystone/ports/inbound"
)

// TestCommandsOnWhatIsThereRefuseAnEmptyDatabase has nobody take a wrong folder's
// "nothing to complain of" for an answer.
func TestCommandsOnWhatIsThereRefuseAnEmptyDatabase(t *testing.T) {
	dir := t.TempDir()
	database, file := filepath.Join(dir, "keystone.db"), filepath.Join(dir, "keystone.yaml")
	text := "database_url: sqlite://" + database + "\nmaster_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := commands{file: &file}
	all := map[string]func(context.Context) error{
		"keys list":    func(ctx context.Context) error { _, err := c.keysList(ctx); return err },
		"keys rotate":  func(ctx context.Context) error { _, err := c.keysRotate(ctx); return err },
		"keys reseal":  func(ctx context.Context) error { _, err := c.keysReseal(ctx); return err },
		"audit verify": func(ctx context.Context) error { _, err := c.auditVerify(ctx); return err },
		"export": func(ctx context.Context) error {
			return c.export(ctx, false, func(inbound.Entry) error { return nil })
		},
	}
	refused := func(state string) {
		t.Helper()
		for name, run := range all {
			if err := run(t.Context()); !errors.Is(err, errNowhere) {
				t.Errorf("%s, %s: %v", name, state, err)
			}
		}
	}
	refused("no file")
	if _, err := os.Stat(database); !os.IsNotExist(err) {
		t.Errorf("one of them made a database: %v", err)
	}
	if version, _, err := c.migrateStatus(t.Context()); err != nil || version != 0 {
		t.Fatalf("version %d, %v", version, err)
	}
	refused("no schema")
	if _, err := c.migrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, run := range all {
		if err := run(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
