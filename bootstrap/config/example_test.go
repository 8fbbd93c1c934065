package config_test

import (
	"fmt"

	"github.com/keystone-auth/keystone/bootstrap/config"
)

func ExampleNew() {
	cfg, err := config.New(map[string]string{"issuer": "https://id.example.com", "access_token_ttl": "5m"})
	fmt.Println(cfg.HTTP.Issuer, cfg.Tokens.AccessTTL, err)

	_, err = config.New(map[string]string{"issuer": "id.example.com", "acces_token_ttl": "5m"})
	fmt.Println(err)
	// Output:
	// https://id.example.com 5m0s <nil>
	// "acces_token_ttl" in the given values is not a setting
	// KEYSTONE_ISSUER must be an http or https URL without query, fragment or trailing slash (RFC 8414, section 2)
}
