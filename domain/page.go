package domain

// The sizes of a page (contract, section 2).
const (
	DefaultPageSize = 20
	MaxPageSize     = 100
)

// Page asks for a part of a list. Lists are told by a key that never moves, so
// that what is added or removed meanwhile repeats and hides nothing else.
type Page struct {
	Limit int    // 1 to MaxPageSize
	After string // the Next of the part before; empty: from the start
}

// Listing is a part of a list.
type Listing[T any] struct {
	Items []T
	Next  string // the key of the last item where more follow; else empty
}

// PageOf makes a part of what was found: up to limit items and, where more
// follow, at least one of those.
func PageOf[T any](found []T, limit int, key func(T) string) Listing[T] {
	if len(found) <= limit {
		return Listing[T]{Items: found}
	}
	return Listing[T]{Items: found[:limit], Next: key(found[limit-1])}
}

// InvalidCursor refuses an After that no list gave.
func InvalidCursor() error {
	return InvalidFields(Field{Name: "cursor", Code: "format", Message: "must be the next_cursor of this list"})
}

// EachOf gives the same part of a list with its items turned into others.
func EachOf[T, U any](listing Listing[T], turn func(T) U) Listing[U] {
	var items []U
	for _, item := range listing.Items {
		items = append(items, turn(item))
	}
	return Listing[U]{Items: items, Next: listing.Next}
}
