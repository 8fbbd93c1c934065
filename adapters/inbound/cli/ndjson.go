package cli

import (
	"cmp"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// schemaVersion is that of the lines; another one is refused.
const schemaVersion = 1

// The types of lines. The first is a header, the others may come in any order
// that names nothing before it is there.
const (
	lineHeader = "keystone-export"
	lineScope  = "scope"
	lineRole   = "role"
	lineClient = "client"
	lineUser   = "user"
)

// noKeys is the `jwks` of a client that has none.
const noKeys = "null"

type headerLine struct {
	Type    string `json:"type"`
	Version int    `json:"version"`
}

type scopeLine struct {
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	Description *string `json:"description,omitzero"`
}

type roleLine struct {
	Type        string    `json:"type"`
	Name        string    `json:"name"`
	Description *string   `json:"description,omitzero"`
	Scopes      *[]string `json:"scopes,omitzero"`
}

type clientLine struct {
	Type                string         `json:"type"`
	ClientID            string         `json:"client_id"`
	SecretHash          string         `json:"client_secret_hash,omitzero"`
	Name                *string        `json:"name,omitzero"`
	Description         *string        `json:"description,omitzero"`
	IsActive            *bool          `json:"is_active,omitzero"`
	Scopes              *[]string      `json:"scopes,omitzero"`
	GrantTypes          *[]string      `json:"grant_types,omitzero"`
	AccessTokenLifetime jsontext.Value `json:"access_token_lifetime,omitzero"` // null: the installation's
	AuthMethod          *string        `json:"token_endpoint_auth_method,omitzero"`
	Keys                jsontext.Value `json:"jwks,omitzero"` // null: none
}

type userLine struct {
	Type              string     `json:"type"`
	ID                *domain.ID `json:"id,omitzero"`
	Username          string     `json:"username"`
	Email             *string    `json:"email,omitzero"`
	FirstName         *string    `json:"first_name,omitzero"`
	LastName          *string    `json:"last_name,omitzero"`
	DisplayName       *string    `json:"display_name,omitzero"`
	Bio               *string    `json:"bio,omitzero"`
	Phone             *string    `json:"phone,omitzero"`
	IsActive          *bool      `json:"is_active,omitzero"`
	IsVerified        *bool      `json:"is_verified,omitzero"`
	IsSuperuser       *bool      `json:"is_superuser,omitzero"`
	Roles             *[]string  `json:"roles,omitzero"`
	PasswordHash      string     `json:"password_hash,omitzero"`
	PasswordChangedAt time.Time  `json:"password_changed_at,omitzero"`
	CreatedAt         time.Time  `json:"created_at,omitzero"`
}

// encode gives the line of an entry, without its end.
func encode(entry inbound.Entry) ([]byte, error) {
	switch e := entry.(type) {
	case inbound.ScopeEntry:
		return json.Marshal(scopeLine{Type: lineScope, Name: e.Name, Description: e.Description})
	case inbound.RoleEntry:
		return json.Marshal(roleLine{Type: lineRole, Name: e.Name, Description: e.Description, Scopes: e.Scopes})
	case inbound.ClientEntry:
		line := clientLine{
			Type: lineClient, ClientID: e.ClientID, SecretHash: e.SecretHash.Reveal(), Name: e.Name, Description: e.Description,
			IsActive: e.IsActive, Scopes: e.Scopes, GrantTypes: e.GrantTypes, AuthMethod: e.AuthMethod,
		}
		if e.Keys != nil {
			line.Keys = jsontext.Value(cmp.Or(*e.Keys, noKeys))
		}
		if e.AccessTokenLifetime != nil {
			var err error
			if line.AccessTokenLifetime, err = json.Marshal(*e.AccessTokenLifetime); err != nil {
				return nil, err
			}
		}
		return json.Marshal(line)
	case inbound.UserEntry:
		return json.Marshal(userLine{
			Type: lineUser, ID: e.ID, Username: e.Username, Email: e.Email, FirstName: e.FirstName, LastName: e.LastName,
			DisplayName: e.DisplayName, Bio: e.Bio, Phone: e.Phone, IsActive: e.IsActive, IsVerified: e.IsVerified, IsSuperuser: e.IsSuperuser,
			Roles: e.Roles, PasswordHash: e.PasswordHash.Reveal(), PasswordChangedAt: e.PasswordChangedAt, CreatedAt: e.CreatedAt,
		})
	}
	return nil, errors.New("an entry of an unknown type")
}

// decode reads the entry of a line. What is wrong with it is said without
// quoting it, as it may hold a hash.
func decode(line []byte) (inbound.Entry, error) {
	var kind struct {
		Type string         `json:"type"`
		Rest jsontext.Value `json:",unknown"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return nil, misfit(err)
	}
	switch kind.Type {
	case lineScope:
		var l scopeLine
		err := strictly(line, &l)
		return inbound.ScopeEntry{Name: l.Name, Description: l.Description}, err
	case lineRole:
		var l roleLine
		err := strictly(line, &l)
		return inbound.RoleEntry{Name: l.Name, Description: l.Description, Scopes: l.Scopes}, err
	case lineClient:
		var l clientLine
		if err := strictly(line, &l); err != nil {
			return nil, err
		}
		e := inbound.ClientEntry{
			ClientID: l.ClientID, SecretHash: domain.NewSecret(l.SecretHash), Name: l.Name, Description: l.Description,
			IsActive: l.IsActive, Scopes: l.Scopes, GrantTypes: l.GrantTypes, AuthMethod: l.AuthMethod,
		}
		if len(l.Keys) > 0 {
			keys := string(l.Keys)
			if keys == noKeys {
				keys = ""
			}
			e.Keys = &keys
		}
		if len(l.AccessTokenLifetime) > 0 {
			e.AccessTokenLifetime = new(*int)
			if err := strictly(l.AccessTokenLifetime, e.AccessTokenLifetime); err != nil {
				return nil, err
			}
		}
		return e, nil
	case lineUser:
		var l userLine
		err := strictly(line, &l)
		return inbound.UserEntry{
			ID: l.ID, Username: l.Username, Email: l.Email, FirstName: l.FirstName, LastName: l.LastName, DisplayName: l.DisplayName, Bio: l.Bio,
			Phone: l.Phone, IsActive: l.IsActive, IsVerified: l.IsVerified, IsSuperuser: l.IsSuperuser, Roles: l.Roles,
			PasswordHash: domain.NewSecret(l.PasswordHash), PasswordChangedAt: l.PasswordChangedAt.UTC().Truncate(time.Microsecond), CreatedAt: l.CreatedAt.UTC().Truncate(time.Microsecond),
		}, err
	case lineHeader:
		return nil, errors.New("there is a second header")
	}
	return nil, errors.New("type must be scope, role, client or user")
}

// checkHeader holds the first line to the version that is understood.
func checkHeader(line []byte) error {
	var header headerLine
	if err := strictly(line, &header); err != nil || header.Type != lineHeader {
		return errors.New(`the file must begin with {"type":"keystone-export","version":1}`)
	}
	if header.Version != schemaVersion {
		return errors.New("the file has a version of the format that is not known here")
	}
	return nil
}

func strictly(line []byte, into any) error {
	if err := json.Unmarshal(line, into, json.RejectUnknownMembers(true)); err != nil {
		return misfit(err)
	}
	return nil
}

func misfit(err error) error {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return errors.New("is not a well-formed JSON object")
	}
	if errors.Is(err, json.ErrUnknownName) {
		return errors.New("has a field that is not known")
	}
	if field := semantic.JSONPointer.LastToken(); field != "" {
		return errors.New("has a field of the wrong type: " + field)
	}
	return errors.New("is not a JSON object")
}
