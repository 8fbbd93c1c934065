package domain

import "github.com/google/uuid"

// ID identifies an aggregate: a version 7 UUID (RFC 9562, section 5.7), made
// by the IDs port, so that ids sort by the time they were made.
type ID = uuid.UUID

// NoID is the zero ID, held by nothing.
var NoID ID

// ParseID reads the canonical 36-character form in either case; the braced,
// URN and dashless forms that the library would take are refused.
func ParseID(s string) (ID, error) {
	if len(s) != 36 {
		return NoID, Invalid(CodeInvalidID, "the id is not a UUID")
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return NoID, Invalid(CodeInvalidID, "the id is not a UUID")
	}
	return id, nil
}
