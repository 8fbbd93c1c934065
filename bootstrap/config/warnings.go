package config

import "regexp"

// Warnings are what is allowed and worth a second thought.
func (c *Config) Warnings() []string {
	var warnings []string
	if c.weakHashing() {
		warnings = append(warnings, "the Argon2 parameters are below the defaults")
	}
	if c.Env == Production && !c.SQLite() && c.Storage.RedisURL.Empty() {
		warnings = append(warnings, "Postgres without Redis: several instances learn of revocations only by polling")
	}
	if c.Env == Production && !c.Accounts.VerificationRequired {
		warnings = append(warnings, "e-mail verification is optional")
	}
	for _, name := range c.strange {
		warnings = append(warnings, name+" is not a setting")
	}
	return warnings
}

// ofKubernetes are the variables that it sets in every container near a service
// whose name begins with keystone.
var ofKubernetes = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_(TCP|UDP|SCTP)\w*)=|_PORT=\w+://`)
