package bootstrap

import (
	"context"

	"github.com/keystone-auth/keystone/application/transfer"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func (c commands) export(ctx context.Context, hashes bool, emit func(inbound.Entry) error) error {
	return c.within(ctx, func(p parts) error {
		return transfer.NewExporter(p.out.Clock, p.work, p.out.Scopes, p.out.Roles, p.out.Usage, p.out.UserList).Export(ctx, hashes, emit)
	})
}

func (c commands) imports(ctx context.Context, rehearse bool, run func(inbound.Importer) error) error {
	return c.prepared(ctx, func(p parts) error {
		if err := p.settings.Reload(ctx); err != nil { // lifetimes and history are those in force
			return err
		}
		history := func() int { return userPolicies{p.live}.Current().Passwords.History }
		return run(transfer.NewImporter(p.out.Clock, p.out.Random, p.out.Formats, p.out.Users, p.out.UserList, p.work, p.sessions,
			p.pipeline.GrantTypes(), p.offer, p.longestLife, history, rehearse))
	})
}
