package contract_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// post keeps what it is sent, as a next hop does.
type post[T any] struct {
	mu  sync.Mutex
	all []T
}

func (p *post[T]) put(one T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, one)
}

func (p *post[T]) got() []T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

type mailerFunc func(context.Context, outbound.Mail) error

func (f mailerFunc) Send(ctx context.Context, m outbound.Mail) error { return f(ctx, m) }

type texterFunc func(context.Context, outbound.Text) error

func (f texterFunc) Send(ctx context.Context, x outbound.Text) error { return f(ctx, x) }

// away is a hop that can't be reached.
func away(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return domain.Unavailable(err, 0)
	}
	return domain.Unavailable(nil, 0)
}

// mailers deliver what change makes of a mail; nothing: it is lost.
func mailers(change func(outbound.Mail, *contract.DeliveredMail) (copies int), lost func(outbound.Mail) error, deaf bool, one *alone) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunMailer(t, func(*testing.T) contract.Mailer {
			box := &post[contract.DeliveredMail]{}
			return contract.Mailer{Delivered: box.got, Away: mailerFunc(func(_ context.Context, m outbound.Mail) error { return lost(m) }),
				Mailer: mailerFunc(func(ctx context.Context, m outbound.Mail) error {
					if ctx.Err() != nil && !deaf {
						return away(ctx)
					}
					if one != nil {
						if err := one.enter(); err != nil {
							return err
						}
					}
					d := contract.DeliveredMail{
						Recipients: []string{string(m.To)}, Header: map[string][]string{},
						Text: fmt.Sprintf("%s %s %s", m.Username, m.Token.Reveal(), m.Link.Reveal()),
					}
					broken := strings.ContainsAny(string(m.To), "\r\n")
					copies := change(m, &d)
					if broken && len(d.Recipients) == 1 && len(d.Header) == 0 {
						return domain.Invalid(domain.CodeInvalidInput, "no address")
					}
					for range copies {
						box.put(d)
					}
					return nil
				})}
		})
	}
}

func asIs(outbound.Mail, *contract.DeliveredMail) int { return 1 }

func silent(outbound.Mail) error { return domain.Unavailable(nil, 0) }

func mailing(change func(outbound.Mail, *contract.DeliveredMail) int) func(*testing.T) {
	return mailers(change, silent, false, nil)
}

var wrongMailers = adapterSuite{
	right: mailing(asIs),
	wrong: []wrongAdapter{
		{"leaves the link out", mailing(func(m outbound.Mail, d *contract.DeliveredMail) int { d.Text = string(m.Username); return 1 }), "every template leaves for its one recipient"},
		{"sends twice", mailing(func(outbound.Mail, *contract.DeliveredMail) int { return 2 }), "each arrives once"},
		{"sends nothing", mailing(func(outbound.Mail, *contract.DeliveredMail) int { return 0 }), "every template leaves for its one recipient account_locked"},
		{"sends a copy", mailing(func(_ outbound.Mail, d *contract.DeliveredMail) int {
			d.Recipients = append(d.Recipients, "archive@example.net")
			return 1
		}), "every template leaves for its one recipient"},
		{"lets names into headers", mailing(func(m outbound.Mail, d *contract.DeliveredMail) int {
			if strings.Contains(string(m.Username), "\r\n") {
				d.Header["X-Eve"] = []string{"1"}
			}
			return 1
		}), "a name adds no header"},
		{"lets addresses into headers", mailing(func(m outbound.Mail, d *contract.DeliveredMail) int {
			if strings.Contains(string(m.To), "\r\n") {
				d.Header["Bcc"], d.Recipients = []string{"eve@example.net"}, append(d.Recipients, "eve@example.net")
			}
			return 1
		}), "an address adds no header"},
		{"tells the link", mailers(asIs, func(m outbound.Mail) error {
			return domain.Unavailable(fmt.Errorf("not sent: %s", m.Link.Reveal()), 0)
		}, false, nil), "the error tells nothing"},
		{"swallows failures", mailers(asIs, func(outbound.Mail) error { return nil }, false, nil), "an unreachable hop is unavailable"},
		{"does not hear of an end", mailers(asIs, silent, true, nil), "an ended context delivers nothing"},
		{"sends one at a time", mailers(asIs, silent, false, &alone{}), "20 mails at once"},
	},
}

func texters(change func(*contract.DeliveredText) (copies int), lost func(outbound.Text) error, deaf bool) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunTexter(t, func(*testing.T) contract.Texter {
			box := &post[contract.DeliveredText]{}
			return contract.Texter{Delivered: box.got, Away: texterFunc(func(_ context.Context, x outbound.Text) error { return lost(x) }),
				Texter: texterFunc(func(ctx context.Context, x outbound.Text) error {
					if ctx.Err() != nil && !deaf {
						return away(ctx)
					}
					d := contract.DeliveredText{To: string(x.To), Body: "Your code is " + x.Code.Reveal()}
					for range change(&d) {
						box.put(d)
					}
					return nil
				})}
		})
	}
}

func once(*contract.DeliveredText) int { return 1 }

func quiet(outbound.Text) error { return domain.Unavailable(nil, 0) }

var wrongTexters = adapterSuite{
	right: texters(once, quiet, false),
	wrong: []wrongAdapter{
		{"leaves the code out", texters(func(d *contract.DeliveredText) int { d.Body = "Your code"; return 1 }, quiet, false), "the code leaves for its number"},
		{"sends elsewhere", texters(func(d *contract.DeliveredText) int { d.To = "+4366099999999"; return 1 }, quiet, false), "the code leaves for its number"},
		{"sends twice", texters(func(*contract.DeliveredText) int { return 2 }, quiet, false), "20 texts at once: each arrives once"},
		{"tells the code", texters(once, func(x outbound.Text) error {
			return domain.Unavailable(fmt.Errorf("not sent: %s", x.Code.Reveal()), 0)
		}, false), "the error tells nothing"},
		{"swallows failures", texters(once, func(outbound.Text) error { return nil }, false), "an unreachable gateway is unavailable"},
		{"does not hear of an end", texters(once, quiet, true), "an ended context delivers nothing"},
	},
}

// probe answers as it is told.
type probe struct {
	name      string
	essential bool
	err       error
	deaf      bool
	one       *alone
}

func (p probe) Name() string    { return p.name }
func (p probe) Essential() bool { return p.essential }
func (p probe) Ping(ctx context.Context) error {
	if p.one != nil && p.one.enter() != nil {
		return errNotAlone
	}
	if ctx.Err() != nil && !p.deaf {
		return ctx.Err()
	}
	return p.err
}

func probes(alive, dead probe) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunProbe(t, func(*testing.T) (a, b outbound.Probe) { return alive, dead })
	}
}

var (
	well = probe{name: "store", essential: true}
	ill  = probe{name: "store", essential: true, err: domain.Unavailable(nil, 0)}
)

var wrongProbes = adapterSuite{
	right: probes(well, ill),
	wrong: []wrongAdapter{
		{"has a sentence for a name", probes(probe{name: "The store"}, probe{name: "The store", err: ill.err}), "its name is a word"},
		{"is essential while it is well", probes(well, probe{name: "store", err: ill.err}), "whether it is essential"},
		{"is never well", probes(ill, ill), "what answers is well"},
		{"is always well", probes(well, well), "what does not answer fails"},
		{"does not hear of an end", probes(probe{name: "store", essential: true, deaf: true}, ill), "an ended context fails"},
		{"pings one at a time", probes(probe{name: "store", essential: true, one: &alone{}}, ill), "20 at once"},
	},
}
