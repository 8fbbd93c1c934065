package user

import (
	"strings"

	"github.com/keystone-auth/keystone/domain"
)

// Phone is a number in the form of E.164: a plus sign and at most 15 digits.
type Phone string

const (
	minPhone   = 7  // digits: the shortest numbers in use, country code included
	maxPhone   = 15 // digits: ITU-T E.164, section 6
	separators = " -.()"
)

// ParsePhone reads a number in international form, with the usual separators.
// Without a country code a number means nothing, so none is assumed. Which
// numbers a country has is left to the gateway: it is asked anyway, and tables
// of them age.
func ParsePhone(s string) (Phone, []domain.Field) {
	bad := []domain.Field{{Name: "phone", Code: "format", Message: "must be a phone number in international form, such as +4312345678"}}
	rest, international := strings.CutPrefix(s, "+")
	// (0) is dialled inside a country only.
	if !international || len(s) > 3*maxPhone || strings.Contains(rest, "(0)") {
		return "", bad
	}
	digits := make([]byte, 0, maxPhone)
	for i := range len(rest) {
		switch c := rest[i]; {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case strings.IndexByte(separators, c) < 0:
			return "", bad
		}
	}
	if len(digits) < minPhone || len(digits) > maxPhone || digits[0] == '0' {
		return "", bad
	}
	return Phone("+" + string(digits)), nil
}
