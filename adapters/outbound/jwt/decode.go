package jwt

import (
	"cmp"
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
)

// payload is the wire form of the claims that are looked at. Its types take
// null for nothing but an error; other claims are ignored (RFC 7519, section 4).
type payload struct {
	Issuer    text     `json:"iss"`
	Subject   text     `json:"sub"`
	Audience  audience `json:"aud"`
	ExpiresAt date     `json:"exp"`
	IssuedAt  date     `json:"iat"`
	NotBefore date     `json:"nbf"`
	ID        text     `json:"jti"`
	ClientID  text     `json:"client_id"`
	Scope     text     `json:"scope"`
	Username  text     `json:"username"`
	Roles     list     `json:"roles"`
	SessionID text     `json:"sid"`
	Actor     *actor   `json:"act"`
	MayAct    *actor   `json:"may_act"`
	Sources   []source `json:"derived_from"`

	Impersonators list `json:"impersonated_by"`
}

// actor is RFC 8693, section 4.1. Other members are ignored.
type actor struct {
	Subject  text   `json:"sub"`
	ClientID text   `json:"client_id"`
	Before   *actor `json:"act"`
}

func (a *actor) decoded() []token.Actor {
	var all []token.Actor
	for ; a != nil; a = a.Before {
		all = append(all, token.Actor{Subject: string(a.Subject), ClientID: string(a.ClientID)})
	}
	return all
}

type source struct {
	ID        text `json:"jti"`
	ClientID  text `json:"client_id"`
	SessionID text `json:"sid"`
}

func decodeClaims(raw []byte) (token.AccessClaims, error) {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return token.AccessClaims{}, token.InvalidToken("the claims are malformed")
	}
	// RFC 9068, section 2.2: all of these are required.
	if p.Issuer == "" || p.Subject == "" || p.ID == "" || p.ClientID == "" || len(p.Audience) == 0 ||
		time.Time(p.ExpiresAt).IsZero() || time.Time(p.IssuedAt).IsZero() {
		return token.AccessClaims{}, token.InvalidToken("a required claim is missing")
	}
	scopes, err := scope.ParseSet(string(p.Scope))
	if err != nil {
		return token.AccessClaims{}, token.InvalidToken("the claim scope is malformed")
	}
	claims := token.AccessClaims{
		Issuer: string(p.Issuer), Subject: string(p.Subject), Audience: p.Audience,
		IssuedAt: time.Time(p.IssuedAt), NotBefore: time.Time(p.NotBefore), ExpiresAt: time.Time(p.ExpiresAt),
		ID: string(p.ID), ClientID: string(p.ClientID), Scope: scopes,
		Username: string(p.Username), Roles: p.Roles, SessionID: string(p.SessionID),
		Actors: p.Actor.decoded(), Impersonators: p.Impersonators,
	}
	if p.MayAct != nil {
		if claims.MayAct = string(p.MayAct.Subject); claims.MayAct == "" {
			return token.AccessClaims{}, token.InvalidToken("the claim may_act is malformed")
		}
	}
	for _, s := range p.Sources {
		claims.Sources = append(claims.Sources, token.Source{ID: string(s.ID), ClientID: string(s.ClientID), SessionID: string(s.SessionID)})
	}
	return claims, nil
}

var (
	errNotText = errors.New("not a string")
	errNotList = errors.New("not an array")
	errNotDate = errors.New("not a date in seconds")
)

// text is a JSON string.
type text string

// UnmarshalJSONFrom takes a string alone.
func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	read, err := dec.ReadToken()
	switch {
	case err != nil:
		return err
	case read.Kind() != '"':
		return errNotText
	}
	*t = text(read.String())
	return nil
}

// list is an array of strings that are not empty. An empty array is nil.
type list []string

// UnmarshalJSONFrom takes an array of strings.
func (l *list) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '[' {
		return cmp.Or(err, errNotList)
	}
	for dec.PeekKind() != ']' {
		var item text
		if err := item.UnmarshalJSONFrom(dec); err != nil || item == "" {
			return cmp.Or(err, errNotText)
		}
		*l = append(*l, string(item))
	}
	_, err := dec.ReadToken()
	return err
}

// audience is a list, or the one string of it (RFC 7519, section 4.1.3).
type audience []string

// UnmarshalJSONFrom takes a string or an array of strings.
func (a *audience) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '[' {
		return (*list)(a).UnmarshalJSONFrom(dec)
	}
	var only text
	if err := only.UnmarshalJSONFrom(dec); err != nil || only == "" {
		return cmp.Or(err, errNotText)
	}
	*a = audience{string(only)}
	return nil
}

// date is a NumericDate (RFC 7519, section 2), cut to whole seconds.
type date time.Time

// maxDate is the end of the year 9999, in seconds; later times fit no database.
const maxDate = 253402300799

// UnmarshalJSONFrom takes a number from 0 to maxDate.
func (d *date) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	read, err := dec.ReadToken()
	switch {
	case err != nil:
		return err
	case read.Kind() != '0':
		return errNotDate
	}
	seconds, err := strconv.ParseFloat(read.String(), 64) // exact for whole numbers of this size
	if err != nil || seconds < 0 || seconds > maxDate {
		return errNotDate
	}
	*d = date(time.Unix(int64(seconds), 0).UTC())
	return nil
}
