package client

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

const defaultGrant = "client_credentials"

// Limits of a client's fields.
const (
	maxName        = 100
	maxDescription = 1000
	MinLifetime    = 60 * time.Second
	MaxLifetime    = 86400 * time.Second
)

// Draft is what a client is made from.
type Draft struct {
	Name                string
	Description         string
	Scopes              []string
	GrantTypes          []string // empty: client_credentials
	AccessTokenLifetime *int     // seconds, 60 to 86400
	Authentication      Authentication
}

// Change is a change of some fields; nil leaves a field as it is.
type Change struct {
	Name                *string
	Description         *string
	Scopes              *[]string
	GrantTypes          *[]string // empty: client_credentials
	AccessTokenLifetime **int     // to nil: the installation's
	AuthMethod          *string
	Keys                *string
	By                  Proof // what the method proves the client by, once it is changed
}

// checked is a draft that kept every rule.
type checked struct {
	name, description string
	scopes            scope.Set
	grants            []string
	lifetime          time.Duration
	method            string
	auth              Authentication
}

// check holds a draft to the rules; known lists the grant types on offer.
func (d Draft) check(known []string) (checked, error) {
	fields := domain.CheckLine("name", d.Name, maxName)
	if strings.TrimSpace(d.Name) == "" && utf8.ValidString(d.Name) {
		fields = append(fields, domain.Field{Name: "name", Code: "required", Message: "must not be empty"})
	}
	fields = append(fields, domain.CheckText("description", d.Description, maxDescription)...)
	names := make([]scope.Name, 0, len(d.Scopes))
	for _, s := range d.Scopes {
		name, err := scope.ParseName(s)
		if err != nil {
			fields = append(fields, domain.Field{Name: "scopes", Code: "format", Message: "every scope is action:resource"})
			break
		}
		names = append(names, name)
	}
	method, bad := d.Authentication.check(d.GrantTypes)
	fields = append(fields, bad...)
	grants := slices.Compact(slices.Sorted(slices.Values(d.GrantTypes)))
	if len(grants) == 0 {
		grants = []string{defaultGrant}
	}
	for _, grant := range grants {
		if !slices.Contains(known, grant) {
			fields = append(fields, domain.Field{Name: "grant_types", Code: "unknown", Message: "must be among: " + strings.Join(known, ", ")})
			break
		}
	}
	var lifetime time.Duration
	if d.AccessTokenLifetime != nil {
		// Compared as given: seconds times a second could overflow.
		if *d.AccessTokenLifetime < int(MinLifetime/time.Second) || *d.AccessTokenLifetime > int(MaxLifetime/time.Second) {
			fields = append(fields, domain.Field{Name: "access_token_lifetime", Code: "range", Message: "must be 60 to 86400 seconds"})
		} else {
			lifetime = time.Duration(*d.AccessTokenLifetime) * time.Second
		}
	}
	return checked{d.Name, d.Description, scope.NewSet(names...), grants, lifetime, method, d.Authentication}, domain.InvalidFields(fields...)
}

// Check holds a change to those rules that ask nothing of the client it is made
// to: which grants it may keep and what its method needs depends on what it has.
// Fails with validation_failed, naming each field.
func (c Change) Check() error {
	if c.By != ByUnknown {
		c.By = BySecret
	}
	d := Draft{Name: "any"}.with(c)
	_, err := d.check(append([]string{defaultGrant}, d.GrantTypes...))
	return err
}

// draft gives what the client would be made from as it is.
func (s Snapshot) draft() Draft {
	d := Draft{Name: s.Name, Description: s.Description, Scopes: s.Scopes.Strings(), GrantTypes: s.GrantTypes,
		Authentication: Authentication{Method: s.AuthMethod, Keys: s.Keys}}
	if s.AccessTokenLifetime > 0 {
		seconds := int(s.AccessTokenLifetime / time.Second)
		d.AccessTokenLifetime = &seconds
	}
	return d
}

func (d Draft) with(change Change) Draft {
	set(&d.Name, change.Name)
	set(&d.Description, change.Description)
	set(&d.Scopes, change.Scopes)
	set(&d.GrantTypes, change.GrantTypes)
	set(&d.AccessTokenLifetime, change.AccessTokenLifetime)
	set(&d.Authentication.Method, change.AuthMethod)
	set(&d.Authentication.Keys, change.Keys)
	d.Authentication.By = change.By
	return d
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}
