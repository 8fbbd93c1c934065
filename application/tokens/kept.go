package tokens

import (
	"encoding/binary"
	"time"

	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
)

// Kept is what is remembered of a verified token: its claims, with all that is
// text in one string. The collector passes over thousands of them each time it
// runs, and claims as they are would be thirty pointers to a dozen objects.
type Kept struct {
	issuedAt, notBefore, expiresAt time.Time
	text                           string // the others, in the order of keep
}

// keep packs the claims of a token that was found good.
func keep(c token.AccessClaims) Kept {
	p := make(packer, 0, 512)
	for _, text := range []string{c.Issuer, c.Subject, c.ID, c.ClientID, c.Username, c.SessionID, c.MayAct, c.KeyID} {
		p.text(text)
	}
	packAll(&p, c.Audience, p.text)
	packAll(&p, c.Scope, func(name scope.Name) { p.text(string(name)) })
	packAll(&p, c.Roles, p.text)
	packAll(&p, c.Impersonators, p.text)
	packAll(&p, c.Actors, func(a token.Actor) { p.text(a.Subject); p.text(a.ClientID) })
	packAll(&p, c.Sources, func(s token.Source) { p.text(s.ID); p.text(s.ClientID); p.text(s.SessionID) })
	return Kept{issuedAt: c.IssuedAt, notBefore: c.NotBefore, expiresAt: c.ExpiresAt, text: string(p)}
}

// claims unpacks them.
func (k Kept) claims() token.AccessClaims {
	u := unpacker(k.text)
	c := token.AccessClaims{IssuedAt: k.issuedAt, NotBefore: k.notBefore, ExpiresAt: k.expiresAt}
	for _, text := range []*string{&c.Issuer, &c.Subject, &c.ID, &c.ClientID, &c.Username, &c.SessionID, &c.MayAct, &c.KeyID} {
		*text = u.text()
	}
	c.Audience = unpackAll(&u, u.text)
	c.Scope = unpackAll(&u, func() scope.Name { return scope.Name(u.text()) })
	c.Roles = unpackAll(&u, u.text)
	c.Impersonators = unpackAll(&u, u.text)
	c.Actors = unpackAll(&u, func() token.Actor { return token.Actor{Subject: u.text(), ClientID: u.text()} })
	c.Sources = unpackAll(&u, func() token.Source { return token.Source{ID: u.text(), ClientID: u.text(), SessionID: u.text()} })
	return c
}

// packer writes numbers as varints, and text behind its length.
type packer []byte

func (p *packer) number(n int) { *p = binary.AppendUvarint(*p, uint64(n)) }

func (p *packer) text(s string) {
	p.number(len(s))
	*p = append(*p, s...)
}

func packAll[E any](p *packer, all []E, pack func(E)) {
	p.number(len(all))
	for _, e := range all {
		pack(e)
	}
}

// unpacker is what is left to be read of what a packer wrote.
type unpacker string

func (u *unpacker) number() int {
	n, shift := 0, 0
	for {
		b := (*u)[0]
		*u = (*u)[1:]
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
		shift += 7
	}
}

func (u *unpacker) text() string {
	n := u.number()
	s := (*u)[:n]
	*u = (*u)[n:]
	return string(s)
}

func unpackAll[E any](u *unpacker, unpack func() E) []E {
	n := u.number()
	if n == 0 {
		return nil
	}
	all := make([]E, n)
	for i := range all {
		all[i] = unpack()
	}
	return all
}
