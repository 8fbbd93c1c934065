package bootstrap

import (
	"time"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/jobs"
	"github.com/keystone-auth/keystone/application/reactions"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// reactionList is where a reaction is registered: one line each. Without parts
// it serves to know names and events.
func reactionList(cfg *config.Config, p parts, more additions) []inbound.Reaction {
	mailer, links := p.out.Mailer, cfg.Delivery.LinkBase
	notice := func(template outbound.MailTemplate, on ...domain.EventType) inbound.Reaction {
		return reactions.NewNotice(template, p.out.Users, mailer, on...)
	}
	list := []inbound.Reaction{
		reactions.NewVerificationMail(p.mailed, p.out.Users, mailer, links),
		reactions.NewResetMail(p.mailed, mailer, links),
		reactions.NewEmailChange(p.addresses, p.out.Users, mailer),
		reactions.NewPhoneCode(p.addresses, p.out.Texter),
		notice(outbound.MailAccountExists, domain.EventRegistrationCollided),
		notice(outbound.MailPasswordChanged, domain.EventPasswordChanged),
		notice(outbound.MailTokenReuse, domain.EventTokenReused),
		notice(outbound.MailAccountLocked, domain.EventUserLocked),
	}
	for _, construct := range more.reactions {
		list = append(list, construct(p.kit()))
	}
	return list
}

// newPlan tells the store which reactions follow from which events.
func newPlan(cfg *config.Config, more additions, logger *zap.Logger) (*jobs.Plan, error) {
	return jobs.NewPlan(cfg.Driver(), reactionList(cfg, parts{}, more), logger)
}

// How often each instance looks for jobs. A second is soon enough for a mail; in
// a temporary store, looking disturbs nobody and tests wait for it.
const (
	jobsEvery          = time.Second
	temporaryJobsEvery = 20 * time.Millisecond
)

func newRunner(cfg *config.Config, db *database.DB, p parts, more additions, logger *zap.Logger) (*jobs.Runner, error) {
	every := jobsEvery
	if cfg.Storage.TemporaryDir != "" {
		every = temporaryJobsEvery
	}
	return jobs.NewRunner(db.Driver(), db.Pool(), reactionList(cfg, p, more), every, logger)
}
