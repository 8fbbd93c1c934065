package config

import (
	"maps"
	"strings"

	"github.com/keystone-auth/keystone/domain"
)

// With gives the configuration with settings changed at run time, by their
// names in lower case; ones that are not changed at run time are left alone. It
// fails with CodeInvalidInput, naming each that breaks a rule.
func (c *Config) With(overrides map[string]string) (*Config, error) {
	next := *c // setters replace what they set, so nothing is shared that changes
	next.given = maps.Clone(c.given)
	var wrong []domain.Field
	for _, v := range variables() {
		value, overridden := overrides[v.key()]
		if !overridden || !v.changeable() {
			continue
		}
		next.given[v.name] = given{value, "settings"}
		if err := v.set(&next, value); err != nil {
			wrong = append(wrong, domain.Field{Name: v.key(), Code: "invalid", Message: err.Error()})
		}
	}
	if len(wrong) == 0 {
		for _, problem := range next.check() {
			name, text, _ := strings.Cut(problem, " ")
			wrong = append(wrong, domain.Field{Name: strings.ToLower(strings.TrimPrefix(name, prefix)), Code: "invalid", Message: text})
		}
	}
	if len(wrong) > 0 {
		return nil, domain.InvalidFields(wrong...)
	}
	return &next, nil
}

// Changeable gives the settings that can be changed at run time, by their names
// in lower case, each as its variable would hold it.
func (c *Config) Changeable() map[string]string {
	values := map[string]string{}
	for _, v := range variables() {
		if !v.changeable() {
			continue
		}
		values[v.key()] = v.fallback
		if g, set := c.given[v.name]; set {
			values[v.key()] = g.text
		}
	}
	return values
}

// changeable tells whether a variable can be set at run time. A secret never
// is: settings are shown.
func (v variable) changeable() bool { return v.runtime && !v.secret }
