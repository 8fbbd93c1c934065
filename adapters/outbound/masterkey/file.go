package masterkey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// LoadOrCreateFile reads the master key from a file, the default of
// development, and makes the file (mode 0600) where there is none; created
// tells whether this call did. Of several processes starting at once exactly
// one creates it and all get its key.
func LoadOrCreateFile(path string, random outbound.Random) (secret domain.Secret, created bool, err error) {
	secret, err = load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, false, err
	}
	created, err = create(path, Generate(random))
	if err != nil {
		return domain.Secret{}, false, fmt.Errorf("master key file: %w", err)
	}
	secret, err = load(path)
	return secret, created, err
}

func load(path string) (domain.Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return domain.Secret{}, fmt.Errorf("master key file: %w", err)
	}
	secret := domain.NewSecret(string(text))
	if _, err := parse(secret); err != nil {
		return domain.Secret{}, fmt.Errorf("master key file %s: the key %w", path, err)
	}
	return secret, nil
}

// create writes the key aside and links it into place: the link fails where
// the name is taken, and nobody ever reads half a file.
func create(path string, secret domain.Secret) (created bool, err error) {
	aside, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // made with mode 0600
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.Remove(aside.Name())) }()
	_, err = aside.WriteString(secret.Reveal() + "\n")
	if err = errors.Join(err, aside.Sync(), aside.Close()); err != nil {
		return false, err
	}
	switch err := os.Link(aside.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}
