package bootstrap

import (
	"encoding/base64"
	"os"
	"path/filepath"

	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
)

// embed gives the configuration with all state in the process and in a folder
// that is yet to be made.
func embed(given *config.Config) (*config.Config, error) {
	random := system.NewRandom()
	name := random.Entropy()
	dir, err := filepath.Abs(filepath.Join(os.TempDir(), "keystone-"+base64.RawURLEncoding.EncodeToString(name[:16])))
	if err != nil {
		return nil, err
	}
	cfg := *given
	cfg.Storage.TemporaryDir = dir
	cfg.Storage.DatabaseURL = domain.NewSecret("sqlite://" + filepath.Join(dir, "keystone.db"))
	cfg.Storage.ReplicaURLs = nil
	cfg.Storage.RedisURL = domain.Secret{}
	if cfg.Secrets.MasterKey.Empty() {
		key := random.Entropy()
		cfg.Secrets.MasterKey = domain.NewSecret(base64.StdEncoding.EncodeToString(key[:]))
	}
	if cfg.Delivery.SMTPURL.Empty() {
		cfg.Delivery.MailDir = filepath.Join(dir, "mail")
	}
	return &cfg, nil
}
