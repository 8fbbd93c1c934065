package config

import "strings"

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
		if !ofKubernetes(name) {
			warnings = append(warnings, name+" is not a setting")
		}
	}
	return warnings
}

// ofKubernetes tells the variables that it sets in every container near a
// service named keystone.
func ofKubernetes(name string) bool {
	of := strings.TrimPrefix(name, prefix)
	return of == "PORT" || strings.HasPrefix(of, "PORT_") || strings.HasPrefix(of, "SERVICE_")
}
