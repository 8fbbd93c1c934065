package jwt

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/keystone-auth/keystone/domain/token"
)

// encodeClaims writes the payload (RFC 9068, section 2.2). It appends by hand:
// this runs for every token issued.
func encodeClaims(c token.AccessClaims) ([]byte, error) {
	o := object{buf: append(make([]byte, 0, 768), '{')}
	o.text("iss", c.Issuer)
	o.text("sub", c.Subject)
	o.list("aud", c.Audience)
	o.time("exp", c.ExpiresAt)
	o.time("iat", c.IssuedAt)
	if !c.NotBefore.IsZero() {
		o.time("nbf", c.NotBefore)
	}
	o.text("jti", c.ID)
	o.text("client_id", c.ClientID)
	if len(c.Scope) > 0 { // RFC 6749, section 3.3: a scope names at least one
		o.text("scope", c.Scope.String())
	}
	if c.IsUser() {
		o.text("username", c.Username)
		o.list("roles", c.Roles)
		o.text("sid", c.SessionID)
	}
	o.actors(c.Actors)
	if c.MayAct != "" {
		o.name("may_act")
		o.open()
		o.text("sub", c.MayAct)
		o.close()
	}
	if len(c.Sources) > 0 {
		o.sources(c.Sources)
	}
	if len(c.Impersonators) > 0 {
		o.list("impersonated_by", c.Impersonators)
	}
	return o.end()
}

// actors nests each in the one that acts after it.
func (o *object) actors(all []token.Actor) {
	if len(all) == 0 {
		return
	}
	o.name("act")
	o.open()
	o.text("sub", all[0].Subject)
	o.text("client_id", all[0].ClientID)
	o.actors(all[1:])
	o.close()
}

func (o *object) sources(all []token.Source) {
	o.name("derived_from")
	o.buf = append(o.buf, '[')
	for i, source := range all {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.open()
		o.text("jti", source.ID)
		o.text("client_id", source.ClientID)
		if source.SessionID != "" {
			o.text("sid", source.SessionID)
		}
		o.close()
	}
	o.buf = append(o.buf, ']')
}

// object writes one JSON object and remembers the first failure.
type object struct {
	buf []byte
	err error
}

func (o *object) open()  { o.buf = append(o.buf, '{') }
func (o *object) close() { o.buf = append(o.buf, '}') }

func (o *object) name(name string) {
	if o.buf[len(o.buf)-1] != '{' {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(o.buf, '"')
	o.buf = append(o.buf, name...)
	o.buf = append(o.buf, '"', ':')
}

func (o *object) quote(value string) {
	var err error
	if o.buf, err = jsontext.AppendQuote(o.buf, value); err != nil && o.err == nil {
		o.err = err
	}
}

func (o *object) text(name, value string) {
	o.name(name)
	o.quote(value)
}

func (o *object) list(name string, values []string) {
	o.name(name)
	o.buf = append(o.buf, '[')
	for i, value := range values {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.quote(value)
	}
	o.buf = append(o.buf, ']')
}

func (o *object) time(name string, t time.Time) {
	o.name(name)
	o.buf = strconv.AppendInt(o.buf, t.Unix(), 10)
}

func (o *object) end() ([]byte, error) { return append(o.buf, '}'), o.err }
