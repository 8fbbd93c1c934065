package extension

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/bootstrap"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// VoucherGrant is the value of grant_type.
const VoucherGrant = "https://example.com/grants/voucher"

// voucherLife is how long a voucher serves, and how long it is remembered.
const voucherLife = time.Minute

// Voucher is a grant: a terminal that knows a person vouches for them once, with
// an HMAC over the account, a number of its own and the time.
type Voucher struct {
	key domain.Secret
	kit bootstrap.Kit
}

var _ grants.Grant = (*Voucher)(nil)

// NewVoucher makes the grant.
func NewVoucher(k bootstrap.Kit, key domain.Secret) *Voucher { return &Voucher{key: key, kit: k} }

// NewVoucherFor makes what a terminal sends: `user.nonce.seconds.mac`.
func NewVoucherFor(userID, nonce string, at time.Time, key domain.Secret) string {
	said := strings.Join([]string{userID, nonce, strconv.FormatInt(at.Unix(), 10)}, ".")
	return said + "." + seal(said, key)
}

func seal(said string, key domain.Secret) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(said))
	return hex.EncodeToString(mac.Sum(nil))
}

// Name implements grants.Grant.
func (*Voucher) Name() string { return VoucherGrant }

// Rules implements grants.Grant: only a terminal, which is a client, may.
func (*Voucher) Rules() grants.Rules {
	return grants.Rules{Confidential: true, Required: []string{"voucher"}}
}

// Prove implements grants.Grant.
func (v *Voucher) Prove(ctx context.Context, r grants.Request) (grants.Proof, error) {
	parts := strings.Split(r.Params["voucher"], ".")
	if len(parts) != 4 {
		return grants.Proof{}, worthless()
	}
	said := strings.Join(parts[:3], ".")
	seconds, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || !hmac.Equal([]byte(seal(said, v.key)), []byte(parts[3])) {
		return grants.Proof{}, worthless()
	}
	until := time.Unix(seconds, 0).UTC().Add(voucherLife)
	if now := v.kit.Clock.Now(); !now.Before(until) || until.After(now.Add(2*voucherLife)) {
		return grants.Proof{}, worthless()
	}
	subject, err := v.kit.Principals.User(ctx, parts[0])
	switch {
	case err != nil && domain.AsError(err).Kind == domain.KindNotFound:
		return grants.Proof{}, worthless()
	case err != nil:
		return grants.Proof{}, err
	case !subject.Active:
		return grants.Proof{}, worthless()
	}
	used := token.NewTicket(token.TicketSnapshot{Purpose: "voucher", Holder: parts[3], ID: v.kit.Random.NewID(v.kit.Clock.Now()), ExpiresAt: until})
	return grants.Proof{Subject: &subject, Spend: func(ctx context.Context, r outbound.Repositories) error {
		err := r.Tickets.Add(ctx, used)
		if domain.HasCode(err, domain.CodeConflict) {
			return worthless()
		}
		return err
	}}, nil
}

func worthless() error {
	return domain.Invalid(domain.CodeInvalidGrant, "the voucher is not valid")
}
