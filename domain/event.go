package domain

import (
	"context"
	"net/netip"
	"time"
)

// EventType names what happened, as noun.verb in the past tense.
type EventType string

// The events. Each row of the audit trail is one of them.
const (
	EventUserRegistered       EventType = "user.registered"
	EventRegistrationCollided EventType = "user.registration_collided"
	EventUserCreated          EventType = "user.created"
	EventUserUpdated          EventType = "user.updated"
	EventLoginSucceeded       EventType = "user.login_succeeded"
	EventLoginFailed          EventType = "user.login_failed"
	EventUserLocked           EventType = "user.locked"
	EventPasswordRehashed     EventType = "user.password_rehashed"
	EventVerificationAsked    EventType = "user.verification_requested"
	EventEmailVerified        EventType = "user.email_verified"
	EventResetAsked           EventType = "user.password_reset_requested"
	EventPasswordReset        EventType = "user.password_reset"
	EventEmailChangeAsked     EventType = "user.email_change_requested"
	EventEmailChanged         EventType = "user.email_changed"
	EventPhoneAsked           EventType = "user.phone_requested"
	EventPhoneVerified        EventType = "user.phone_verified"
	EventSessionEnded         EventType = "session.ended"
	EventTokenIssued          EventType = "token.issued"
	EventTokenRefreshed       EventType = "token.refreshed"
	EventTokenReused          EventType = "token.reuse_detected"
	EventTokenRevoked         EventType = "token.revoked"
	EventClientCreated        EventType = "client.created"
	EventSigningKeyCreated    EventType = "key.created"
	EventSigningKeyActivated  EventType = "key.activated"
	EventSigningKeyRetired    EventType = "key.retired"
)

// Outcome tells whether what was asked for was done.
type Outcome string

// The outcomes.
const (
	Succeeded Outcome = "success"
	Failed    Outcome = "failure"
)

// PartyKind tells what an actor or subject is.
type PartyKind string

// The kinds of party.
const (
	PartyUser    PartyKind = "user"
	PartyClient  PartyKind = "client"
	PartySession PartyKind = "session"
	PartyToken   PartyKind = "token"
	PartyKey     PartyKind = "key"
	PartySystem  PartyKind = "system"
	PartyUnknown PartyKind = "unknown" // who belongs to nobody known; its ID is a keyed hash of the name, or the address of a caller
)

// Party is who did something, or whom it was done to. Name is a display name
// at the time; it never holds an address or a secret.
type Party struct {
	Kind PartyKind
	ID   string
	Name string
}

// System is the actor of what nobody asked for: start-up, housekeeping.
var System = Party{Kind: PartySystem, ID: "keystone", Name: "keystone"}

// Event is one thing that happened. Aggregates record events; saving the
// aggregate stores them in the same transaction, and that table is the audit
// trail. Where the request came from is added from the context as it is stored.
type Event struct {
	Type       EventType
	Outcome    Outcome
	Reason     string // a stable word; empty where the type says it all
	Actor      Party
	Subject    Party
	OccurredAt time.Time
}

// Events is embedded by aggregates to record what happened to them.
type Events struct{ pending []Event }

// Record keeps an event until the aggregate is saved.
func (e *Events) Record(event Event) { e.pending = append(e.pending, event) }

// Drain hands the pending events over to whoever stores them.
func (e *Events) Drain() []Event {
	drained := e.pending
	e.pending = nil
	return drained
}

// Origin is where a request came from: for the audit trail and session lists.
type Origin struct {
	Address   string // the client's IP address
	UserAgent string
	RequestID string
}

// siteBits is the part of an IPv6 address that tells one customer from another.
const siteBits = 64

// Site gives the address as far as it tells one customer from another: of IPv6
// the network. It is empty where there is no address.
func (o Origin) Site() string {
	address, err := netip.ParseAddr(o.Address)
	if err != nil {
		return ""
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(siteBits)
	if err != nil {
		return ""
	}
	return network.String()
}

// OriginKey is what a context holds the *Origin of its request by.
type OriginKey struct{}

// WithOrigin puts the origin of a request into its context.
func WithOrigin(ctx context.Context, origin Origin) context.Context {
	return context.WithValue(ctx, OriginKey{}, &origin)
}

// OriginFrom gives the origin of the request, or the zero Origin.
func OriginFrom(ctx context.Context) Origin {
	if origin, ok := ctx.Value(OriginKey{}).(*Origin); ok {
		return *origin
	}
	return Origin{}
}

// Occurrence is an event as it was stored, with the id of its record: what a
// reaction is told, the same in every attempt.
type Occurrence struct {
	ID ID
	Event
}
