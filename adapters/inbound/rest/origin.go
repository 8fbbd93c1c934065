package rest

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clientAddress tells where a request came from: its peer, or, where that is a
// trusted proxy, the right-most hop of X-Forwarded-For that is not one. What
// lies further left was written by the client and proves nothing; a hop that is
// no address ends the search at the proxy that reported it.
func clientAddress(peer string, forwarded []string, trusted []netip.Prefix) string {
	address, ok := parseHop(peer)
	if !ok {
		return ""
	}
	for i := len(forwarded) - 1; i >= 0; i-- {
		for rest := forwarded[i]; rest != ""; {
			if !within(address, trusted) {
				return address.String()
			}
			comma := strings.LastIndexByte(rest, ',')
			hop, ok := parseHop(strings.TrimSpace(rest[comma+1:]))
			if !ok {
				return address.String()
			}
			address, rest = hop, rest[:max(comma, 0)]
		}
	}
	return address.String()
}

// parseHop reads an address with or without a port; IPv4 mapped into IPv6 is
// IPv4, and zones are of no meaning to anyone else.
func parseHop(s string) (netip.Addr, bool) {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	address, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return address.Unmap().WithZone(""), true
}

func within(address netip.Addr, prefixes []netip.Prefix) bool {
	for _, prefix := range prefixes {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// maxUserAgent bounds what is kept of a user agent, in bytes.
const maxUserAgent = 256

// userAgent makes the header fit to store and show: printable UTF-8 of bounded
// length. What is not, a character that the cut halved included, becomes `?`.
func userAgent(header string) string {
	header = header[:min(len(header), maxUserAgent)]
	if printable(header) {
		return header
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, header)
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
