package contract_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/argon2"
	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongSchema is right, unless told otherwise.
type wrongSchema struct {
	outbound.Schema
	up, down func(context.Context) (int64, error)
	status   func(context.Context) (current, newest int64, err error)
}

func (s *wrongSchema) Up(ctx context.Context) (int64, error)   { return s.up(ctx) }
func (s *wrongSchema) Down(ctx context.Context) (int64, error) { return s.down(ctx) }
func (s *wrongSchema) Status(ctx context.Context) (current, newest int64, err error) {
	return s.status(ctx)
}

func schemas(change func(*wrongSchema)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunSchema(t, func(t *testing.T) (a, b outbound.Schema) {
			db, err := database.Open(t.Context(), database.Config{URL: "sqlite://" + filepath.Join(t.TempDir(), "keystone.db"), Temporary: true},
				system.NewClock(), system.NewRandom())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() }) // of no consequence to what a suite finds
			right := database.NewSchema(db)
			s := &wrongSchema{Schema: right, up: right.Up, down: right.Down, status: right.Status}
			change(s)
			return s, s
		})
	}
}

var wrongSchemas = adapterSuite{
	right: schemas(func(*wrongSchema) {}),
	wrong: []wrongAdapter{
		{"takes an empty store for a new one", schemas(func(s *wrongSchema) {
			s.status = func(ctx context.Context) (int64, int64, error) {
				current, newest, err := s.Schema.Status(ctx)
				return max(current, 1), newest, err
			}
		}), "an empty store has no version"},
		{"goes up by one", schemas(func(s *wrongSchema) {
			s.up = func(ctx context.Context) (int64, error) {
				if _, err := s.Schema.Up(ctx); err != nil {
					return 0, err
				}
				return s.Schema.Down(ctx)
			}
		}), "up leads to the newest"},
		{"goes up once", schemas(func(s *wrongSchema) {
			s.up = func(ctx context.Context) (int64, error) {
				current, newest, err := s.Schema.Status(ctx)
				if err != nil || current == newest {
					return 0, err
				}
				return s.Schema.Up(ctx)
			}
		}), "again too"},
		{"goes down to nothing at once", schemas(func(s *wrongSchema) {
			s.down = func(ctx context.Context) (int64, error) {
				_, err := s.Schema.Down(ctx)
				return 0, err
			}
		}), "down goes back one version at a time"},
		{"stays where nothing is left", schemas(func(s *wrongSchema) {
			s.down = func(ctx context.Context) (int64, error) {
				version, err := s.Schema.Down(ctx)
				return version, except(err, domain.CodeConflict)
			}
		}), "down from nothing is a conflict"},
		{"does not hear of an end", schemas(func(s *wrongSchema) {
			s.up = func(ctx context.Context) (int64, error) { return s.Schema.Up(context.WithoutCancel(ctx)) }
		}), "an ended context changes nothing"},
		{"is brought up by one at a time", schemas(func(s *wrongSchema) {
			one := &alone{}
			s.up = func(ctx context.Context) (int64, error) {
				if err := one.enter(); err != nil {
					return 0, err
				}
				return s.Schema.Up(ctx)
			}
		}), "8 that bring it up at once"},
	},
}

type formatsFunc func(string) error

func (f formatsFunc) Check(encoded string) error { return f(encoded) }

// formats are what change makes of what was checked.
func formats(change func(encoded string, err error) error, hasher func(*wrongHasher)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunHashFormats(t, func(t *testing.T) (outbound.HashFormats, outbound.PasswordHasher) {
			h := &wrongHasher{PasswordHasher: rightHasher(t)}
			hasher(h)
			return formatsFunc(func(encoded string) error { return change(encoded, argon2.NewHashFormats().Check(encoded)) }), h
		})
	}
}

func refusal(message string, fields ...domain.Field) error {
	return &domain.Error{Kind: domain.KindInvalid, Code: domain.CodeInvalidInput, Message: message, Fields: fields}
}

func asChecked(_ string, err error) error { return err }
func rightly(*wrongHasher)                {}

var wrongFormats = adapterSuite{
	right: formats(asChecked, rightly),
	wrong: []wrongAdapter{
		{"knows no bcrypt", formats(func(encoded string, err error) error {
			if strings.HasPrefix(encoded, "$2b$") {
				return refusal("no bcrypt", domain.Field{Name: "password_hash"})
			}
			return err
		}, rightly), "each scheme is accepted"},
		{"verifies none of what is accepted", formats(asChecked, func(h *wrongHasher) {
			h.verify = func(context.Context, domain.Secret, string) (bool, bool, error) { return false, false, nil }
		}), "accepted and verified"},
		{"takes them for its own", formats(asChecked, func(h *wrongHasher) {
			h.verify = func(ctx context.Context, password domain.Secret, encoded string) (bool, bool, error) {
				match, _, err := h.PasswordHasher.Verify(ctx, password, encoded)
				return match, false, err
			}
		}), "accepted and verified"},
		{"accepts anything", formats(func(string, error) error { return nil }, rightly), "what is unknown or dear is refused"},
		{"counts no cost", formats(func(encoded string, err error) error {
			if strings.Contains(encoded, "ln=63") {
				return nil
			}
			return err
		}, rightly), "what is unknown or dear is refused"},
		{"quotes what it refuses", formats(func(encoded string, err error) error {
			if err != nil {
				err = refusal(encoded, domain.AsError(err).Fields...)
			}
			return err
		}, rightly), "not quoted"},
		{"names no field", formats(func(_ string, err error) error {
			if err != nil {
				err = refusal("no")
			}
			return err
		}, rightly), "what is unknown or dear is refused"},
	},
}
