package database

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.Clients         = (*clients)(nil)
	_ outbound.ClientDirectory = (*ClientDirectory)(nil)
)

type clientRow struct {
	bun.BaseModel `bun:"table:service_clients,alias:c"`

	ID                  domain.ID `bun:"id,pk"`
	ClientID            string    `bun:"client_id"`
	SecretHash          string    `bun:"client_secret_hash,nullzero"`
	PreviousSecretHash  string    `bun:"previous_secret_hash,nullzero"`
	PreviousSecretUntil time.Time `bun:"previous_secret_until,nullzero"`
	AuthMethod          string    `bun:"token_endpoint_auth_method"`
	Keys                string    `bun:"jwks"`
	Name                string    `bun:"name"`
	Description         string    `bun:"description"`
	IsActive            bool      `bun:"is_active"`
	IsFirstParty        bool      `bun:"is_first_party"`
	GrantTypes          string    `bun:"grant_types"`
	AccessTokenLifetime int64     `bun:"access_token_lifetime,nullzero"` // seconds
	Version             int64     `bun:"version"`
	CreatedAt           time.Time `bun:"created_at"`
	UpdatedAt           time.Time `bun:"updated_at"`

	Scopes      string `bun:"scopes,scanonly"`
	SeenVersion int64  `bun:"seen_version,scanonly"`
}

// scopesOfClient wants the id and a bracket; see rolesOfUser.
const scopesOfClient = `(SELECT string_agg(s.name, ' ') FROM service_client_scopes AS l JOIN scopes AS s ON s.id = l.scope_id
        WHERE l.service_client_id = `

const clientColumns = `c.id, c.client_id, c.client_secret_hash, c.previous_secret_hash, c.previous_secret_until,
       c.token_endpoint_auth_method, c.jwks, c.name, c.description, c.is_active, c.is_first_party, c.grant_types,
       c.access_token_lifetime, c.version, c.created_at, c.updated_at,
       ` + scopesOfClient + `c.id) AS scopes`

const selectClient = `
SELECT ` + clientColumns + `,
       (SELECT v.version FROM service_clients AS v WHERE v.id = c.id) AS seen_version
FROM service_clients AS c WHERE c.client_id = $1`

func newClientRow(s client.Snapshot) *clientRow {
	return &clientRow{
		ID: s.ID, ClientID: s.ClientID, SecretHash: s.SecretHash,
		PreviousSecretHash: s.PreviousSecretHash, PreviousSecretUntil: s.PreviousSecretUntil,
		AuthMethod: s.AuthMethod, Keys: s.Keys, Name: s.Name, Description: s.Description,
		IsActive: s.IsActive, IsFirstParty: s.IsFirstParty, GrantTypes: strings.Join(s.GrantTypes, " "),
		AccessTokenLifetime: int64(s.AccessTokenLifetime / time.Second),
		Version:             s.Version, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
}

func (r *clientRow) coherent() bool { return r.Version == r.SeenVersion }

func (r *clientRow) client() *client.ServiceClient {
	return client.Rehydrate(client.Snapshot{
		ID: r.ID, ClientID: r.ClientID, SecretHash: r.SecretHash,
		PreviousSecretHash: r.PreviousSecretHash, PreviousSecretUntil: utc(r.PreviousSecretUntil),
		AuthMethod: r.AuthMethod, Keys: r.Keys, Name: r.Name, Description: r.Description,
		IsActive: r.IsActive, IsFirstParty: r.IsFirstParty, Scopes: words[scope.Name](r.Scopes), GrantTypes: words[string](r.GrantTypes),
		AccessTokenLifetime: time.Duration(r.AccessTokenLifetime) * time.Second,
		Version:             r.Version, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	})
}

type clients struct{ *transaction }

func (r *clients) Get(ctx context.Context, clientID string) (*client.ServiceClient, error) {
	if err := findable(clientID); err != nil {
		return nil, err
	}
	var row clientRow
	if err := r.locked(ctx, &row, selectClient+r.db.dialect.lock("c"), clientID); err != nil {
		return nil, err
	}
	return row.client(), nil
}

func (r *clients) Add(ctx context.Context, c *client.ServiceClient) error {
	s := c.Snapshot()
	scopes, err := r.resolve(ctx, clientScopes, s.Scopes.Strings())
	if err != nil {
		return err
	}
	if _, err := r.exec(ctx, r.tx.NewInsert().Model(newClientRow(s))); err != nil {
		return err
	}
	if err := r.join(ctx, clientScopes, s.ID, scopes, s.UpdatedAt); err != nil {
		return err
	}
	written(ctx, r.transaction, c)
	return nil
}

func (r *clients) Save(ctx context.Context, c *client.ServiceClient) error {
	s := c.Snapshot()
	row := newClientRow(s)
	saved, err := r.exec(ctx, r.tx.NewUpdate().Model(row).ExcludeColumn("id", "created_at").WherePK().
		Where("c.version = ?", s.Revision).Returning(scopesOfClient+"?) AS scopes", s.ID))
	if err != nil {
		return err
	}
	if saved == 0 {
		if err := r.unchanged(ctx, "SELECT version FROM service_clients WHERE id = $1", s.ID, s.Revision); err != nil {
			return err
		}
		return changedSince()
	}
	if err := r.relink(ctx, clientScopes, s.ID, row.Scopes, s.Scopes.Strings(), s.UpdatedAt); err != nil {
		return err
	}
	written(ctx, r.transaction, c)
	return nil
}

func (r *clients) Delete(ctx context.Context, c *client.ServiceClient) error {
	if err := r.remove(ctx, (*clientRow)(nil), c.Snapshot().ID); err != nil {
		return err
	}
	collect(ctx, r.transaction, c)
	return nil
}

// ClientDirectory finds clients.
type ClientDirectory struct{ db *DB }

// NewClientDirectory makes the directory of a store's clients.
func NewClientDirectory(db *DB) *ClientDirectory { return &ClientDirectory{db: db} }

// ByClientID implements the port.
func (d *ClientDirectory) ByClientID(ctx context.Context, clientID string) (*client.ServiceClient, error) {
	if err := findable(clientID); err != nil {
		return nil, err
	}
	var row clientRow
	if err := d.db.one(ctx, &row, selectClient, clientID); err != nil {
		return nil, err
	}
	return row.client(), nil
}
