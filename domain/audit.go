package domain

import "time"

// AuditRecord is an event as the audit trail holds it.
type AuditRecord struct {
	ID ID
	Event
	Origin Origin
}

// AuditFilter picks records of the audit trail; what is zero picks all.
type AuditFilter struct {
	Type    EventType
	Actor   string // id
	Subject string // id
	Outcome Outcome
	From    time.Time // inclusive
	To      time.Time // exclusive
}
