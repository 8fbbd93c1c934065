package contract_test

import (
	"context"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/argon2"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongHasher is right, unless told otherwise.
type wrongHasher struct {
	outbound.PasswordHasher
	typed  func(password string) string
	hash   func(ctx context.Context, password domain.Secret) (string, error)
	verify func(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error)
}

func (h *wrongHasher) Hash(ctx context.Context, password domain.Secret) (string, error) {
	if h.typed != nil {
		password = domain.NewSecret(h.typed(password.Reveal()))
	}
	if h.hash != nil {
		return h.hash(ctx, password)
	}
	return h.PasswordHasher.Hash(ctx, password)
}

func (h *wrongHasher) Verify(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error) {
	if h.typed != nil {
		password = domain.NewSecret(h.typed(password.Reveal()))
	}
	if h.verify != nil {
		return h.verify(ctx, password, encoded)
	}
	return h.PasswordHasher.Verify(ctx, password, encoded)
}

func rightHasher(t *testing.T) *argon2.Hasher {
	t.Helper()
	h, err := argon2.New(argon2.Params{MemoryKiB: 64, Iterations: 1, Parallelism: 1}, 2, 8)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hashers(change func(*wrongHasher)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunPasswordHasher(t, func(t *testing.T) outbound.PasswordHasher {
			h := &wrongHasher{PasswordHasher: rightHasher(t)}
			change(h)
			return h
		})
	}
}

func typing(typed func(string) string) func(*testing.T) {
	return hashers(func(h *wrongHasher) { h.typed = typed })
}

// concluding changes a verdict.
func concluding(change func(password, encoded string, match, outdated *bool, err *error)) func(*testing.T) {
	return hashers(func(h *wrongHasher) {
		h.verify = func(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error) {
			match, outdated, err = h.PasswordHasher.Verify(ctx, password, encoded)
			change(password.Reveal(), encoded, &match, &outdated, &err)
			return match, outdated, err
		}
	})
}

// crowded answers those who come while another is served.
func crowded(answer func() (bool, error)) func(*testing.T) {
	return hashers(func(h *wrongHasher) {
		one := &alone{}
		h.verify = func(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error) {
			if one.enter() != nil {
				match, err = answer()
				return match, false, err
			}
			return h.PasswordHasher.Verify(ctx, password, encoded)
		}
	})
}

var wrongHashers = adapterSuite{
	right: hashers(func(*wrongHasher) {}),
	wrong: []wrongAdapter{
		{"hashes by another scheme", hashers(func(h *wrongHasher) {
			h.hash = func(ctx context.Context, password domain.Secret) (string, error) {
				encoded, err := h.PasswordHasher.Hash(ctx, password)
				return strings.Replace(encoded, "argon2id", "argon2i", 1), err
			}
		}), "a hash is an Argon2id PHC string"},
		{"has one salt", func(t *testing.T) {
			made := map[string]string{}
			hashers(func(h *wrongHasher) {
				h.hash = func(ctx context.Context, password domain.Secret) (string, error) {
					encoded, err := h.PasswordHasher.Hash(ctx, password)
					if known := made[password.Reveal()]; known != "" {
						return known, err
					}
					made[password.Reveal()] = encoded
					return encoded, err
				}
			})(t)
		}, "with a salt of its own"},
		{"folds case", typing(strings.ToLower), "near misses do not"},
		{"trims", typing(strings.TrimSpace), "near misses do not"},
		{"ends at NUL", typing(func(s string) string { s, _, _ = strings.Cut(s, "\x00"); return s }), "near misses do not"},
		{"cuts at 72 bytes", typing(func(s string) string { return s[:min(len(s), 72)] }), "long passwords count to their last byte"},
		{"takes text as it comes", typing(func(s string) string { return strings.ReplaceAll(s, "\u0301", "'") }), "composed and decomposed text are one password"},
		{"folds ligatures", typing(func(s string) string { return strings.ReplaceAll(s, "\ufb01", "fi") }), "composed and decomposed text are one password"},
		{"finds nothing outdated", concluding(func(_, _ string, _, outdated *bool, _ *error) { *outdated = false }), "other parameters match and are outdated"},
		{"finds all outdated", concluding(func(_, _ string, _, outdated *bool, _ *error) { *outdated = true }), "the password matches"},
		{"matches what it can't read", concluding(func(_, encoded string, match, _ *bool, _ *error) {
			*match = *match || len(strings.Split(encoded, "$")) != 6
		}), "an unreadable hash matches nothing"},
		{"fails over what it can't read", concluding(func(_, encoded string, _, _ *bool, err *error) {
			if encoded == "" && *err == nil {
				*err = domain.Internal(errNotAlone)
			}
		}), "an unreadable hash matches nothing"},
		{"does not hear of an end", hashers(func(h *wrongHasher) {
			h.hash = func(ctx context.Context, password domain.Secret) (string, error) {
				return h.PasswordHasher.Hash(context.WithoutCancel(ctx), password)
			}
		}), "an ended context"},
		{"is busy without end", crowded(func() (bool, error) {
			return false, domain.E(domain.KindUnavailable, domain.CodeBusy, "busy")
		}), "64 at once"},
		{"answers anything when busy", crowded(func() (bool, error) { return true, nil }), "64 at once"},
	},
}
