package masterkey_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/masterkey"
)

func TestFileIsMadeOnceAndKeptPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keystone.key")
	first, created, err := masterkey.LoadOrCreateFile(path, random)
	if err != nil || !created {
		t.Fatalf("LoadOrCreateFile(absent) = created %v, %v", created, err)
	}
	second, created, err := masterkey.LoadOrCreateFile(path, random)
	if err != nil || created || !second.Equal(first) {
		t.Errorf("LoadOrCreateFile(present) = the same: %v, created %v, %v", second.Equal(first), created, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, %v; want 0600", info.Mode(), err)
	}
}

func TestManyStartsAtOnceAgree(t *testing.T) {
	const starts = 16
	dir := t.TempDir()
	path := filepath.Join(dir, "keystone.key")
	keys, makers, all := make([]string, starts), 0, sync.Mutex{}
	var group sync.WaitGroup
	for i := range starts {
		group.Go(func() {
			key, created, err := masterkey.LoadOrCreateFile(path, random)
			all.Lock()
			defer all.Unlock()
			if err != nil {
				t.Error(err)
			}
			if keys[i] = key.Reveal(); created {
				makers++
			}
		})
	}
	group.Wait()
	for _, key := range keys {
		if key == "" || key != keys[0] {
			t.Fatal("two processes got different keys")
		}
	}
	if makers != 1 {
		t.Errorf("%d processes say that they created the file", makers)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v; want the key alone", len(left), err)
	}
}

func TestFileThatIsNoKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keystone.key")
	if err := os.WriteFile(path, []byte("hunter2hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, created, err := masterkey.LoadOrCreateFile(path, random); err == nil || created || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("LoadOrCreateFile(garbage) = created %v, %v", created, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "hunter2hunter2" {
		t.Errorf("the file was changed: %q, %v", text, err)
	}
	if _, created, err := masterkey.LoadOrCreateFile(filepath.Join(dir, "absent", "keystone.key"), random); err == nil || created {
		t.Errorf("LoadOrCreateFile(no folder) = created %v, %v", created, err)
	}
}
