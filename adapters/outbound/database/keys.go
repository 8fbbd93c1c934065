package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.SigningKeys  = (*signingKeys)(nil)
	_ outbound.KeyDirectory = (*KeyDirectory)(nil)
)

type keyRow struct {
	bun.BaseModel `bun:"table:signing_keys,alias:k"`

	ID          string    `bun:"id,pk"`
	Algorithm   string    `bun:"algorithm"`
	State       string    `bun:"state"`
	Sealed      []byte    `bun:"sealed"`
	PublicJWK   []byte    `bun:"public_jwk"`
	CreatedAt   time.Time `bun:"created_at"`
	ActivatedAt time.Time `bun:"activated_at,nullzero"`
	RetiredAt   time.Time `bun:"retired_at,nullzero"`
	ExpiresAt   time.Time `bun:"expires_at,nullzero"`
}

func newKeyRow(s token.KeySnapshot) *keyRow {
	return &keyRow{
		ID: s.ID, Algorithm: string(s.Algorithm), State: string(s.State), Sealed: s.Sealed, PublicJWK: s.PublicJWK,
		CreatedAt: s.CreatedAt, ActivatedAt: s.ActivatedAt, RetiredAt: s.RetiredAt, ExpiresAt: s.ExpiresAt,
	}
}

func (r *keyRow) key() *token.SigningKey {
	return token.RehydrateKey(token.KeySnapshot{
		ID: r.ID, Algorithm: token.Algorithm(r.Algorithm), State: token.KeyState(r.State), Sealed: r.Sealed, PublicJWK: r.PublicJWK,
		CreatedAt: utc(r.CreatedAt), ActivatedAt: utc(r.ActivatedAt), RetiredAt: utc(r.RetiredAt), ExpiresAt: utc(r.ExpiresAt),
	})
}

// ring reads all keys, oldest first.
func ring(ctx context.Context, on bun.IDB) ([]*token.SigningKey, error) {
	var rows []keyRow
	if err := on.NewSelect().Model(&rows).OrderExpr("k.created_at, k.id").Scan(ctx); err != nil {
		return nil, err
	}
	keys := make([]*token.SigningKey, len(rows))
	for i := range rows {
		keys[i] = rows[i].key()
	}
	return keys, nil
}

type signingKeys struct{ *transaction }

func (r *signingKeys) Lock(ctx context.Context) ([]*token.SigningKey, error) {
	if err := r.db.dialect.advise(ctx, r.tx, lockSigningKeys, ""); err != nil {
		return nil, r.fail(ctx, err)
	}
	keys, err := ring(ctx, r.tx)
	return keys, r.fail(ctx, err)
}

func (r *signingKeys) Add(ctx context.Context, k *token.SigningKey) error {
	if _, err := r.exec(ctx, r.tx.NewInsert().Model(newKeyRow(k.Snapshot()))); err != nil {
		return err
	}
	collect(ctx, r.transaction, k)
	return nil
}

func (r *signingKeys) Save(ctx context.Context, k *token.SigningKey) error {
	saved, err := r.exec(ctx, r.tx.NewUpdate().Model(newKeyRow(k.Snapshot())).ExcludeColumn("id", "created_at").WherePK())
	if err != nil {
		return err
	}
	if saved == 0 {
		return domain.NotFound("there is no such signing key")
	}
	collect(ctx, r.transaction, k)
	return nil
}

// KeyDirectory reads the key ring.
type KeyDirectory struct{ db *DB }

// NewKeyDirectory makes the directory of a store's signing keys.
func NewKeyDirectory(db *DB) *KeyDirectory { return &KeyDirectory{db: db} }

// Keys implements the port.
func (d *KeyDirectory) Keys(ctx context.Context) ([]*token.SigningKey, error) {
	var keys []*token.SigningKey
	err := d.db.read(ctx, func(ctx context.Context, on bun.Conn) (err error) {
		keys, err = ring(ctx, on)
		return err
	})
	return keys, err
}
