package scope

import (
	"slices"
	"strings"

	"github.com/keystone-auth/keystone/domain"
)

// Set is a sorted list of distinct scope names. The zero value is empty.
// Sets are shared between goroutines and must not be changed in place.
type Set []Name

// NewSet sorts and removes duplicates.
func NewSet(names ...Name) Set {
	set := slices.Clone(names)
	slices.Sort(set)
	return Set(slices.Compact(set))
}

// ParseSet reads the space-separated form of RFC 6749, section 3.3. Repeated
// names and runs of spaces are folded; a name that is no scope fails with
// invalid_scope.
func ParseSet(s string) (Set, error) {
	var names []Name
	for token := range strings.SplitSeq(s, " ") {
		if token == "" {
			continue
		}
		name, err := ParseName(token)
		if err != nil {
			return nil, domain.Invalid(domain.CodeInvalidScope, "the scope has a name that is not action:resource")
		}
		names = append(names, name)
	}
	return NewSet(names...), nil
}

// String is the space-separated form.
func (s Set) String() string {
	var b strings.Builder
	size := len(s)
	for _, name := range s {
		size += len(name)
	}
	b.Grow(size)
	for i, name := range s {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(name))
	}
	return b.String()
}

// Strings gives the names as plain strings, never nil.
func (s Set) Strings() []string {
	out := make([]string, len(s))
	for i, name := range s {
		out[i] = string(name)
	}
	return out
}

// Has tells whether the very name is in the set.
func (s Set) Has(name Name) bool {
	_, found := slices.BinarySearch(s, name)
	return found
}

// Covers tells whether the permission is held: by the name itself or by
// admin on the same resource. Nothing matches by prefix or part.
func (s Set) Covers(name Name) bool { return s.Has(name) || s.Has(name.impliedBy()) }

// CoversAll tells whether every name of other is covered.
func (s Set) CoversAll(other Set) bool {
	rest := s // both are in order: what other has next is not before it
	for _, name := range other {
		for len(rest) > 0 && rest[0] < name {
			rest = rest[1:]
		}
		if (len(rest) == 0 || rest[0] != name) && !s.Has(name.impliedBy()) {
			return false
		}
	}
	return true
}

// Limit gives the part of s that held covers.
func (s Set) Limit(held Set) Set {
	if held.CoversAll(s) {
		return s // the usual case costs no allocation
	}
	var out Set
	for _, name := range s {
		if held.Covers(name) {
			out = append(out, name)
		}
	}
	return out
}

// Without gives the names of s but one.
func (s Set) Without(name Name) Set {
	return slices.DeleteFunc(slices.Clone(s), func(n Name) bool { return n == name })
}

// Union gives the names of both.
func (s Set) Union(other Set) Set { return NewSet(append(slices.Clone(s), other...)...) }
