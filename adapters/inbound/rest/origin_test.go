package rest

import (
	"net/netip"
	"strings"
	"testing"
)

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tc := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"no proxy":                  {"203.0.113.1:5", nil, "203.0.113.1"},
		"an untrusted peer lies":    {"203.0.113.1:5", []string{"6.6.6.6"}, "203.0.113.1"},
		"one hop":                   {"10.0.0.1:5", []string{"203.0.113.1"}, "203.0.113.1"},
		"the client's own prefix":   {"10.0.0.1:5", []string{"6.6.6.6, 203.0.113.1"}, "203.0.113.1"},
		"two proxies":               {"10.0.0.1:5", []string{"6.6.6.6, 203.0.113.1, 10.0.0.2"}, "203.0.113.1"},
		"two lines":                 {"10.0.0.1:5", []string{"6.6.6.6", "203.0.113.1", "10.0.0.2"}, "203.0.113.1"},
		"all trusted":               {"10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"no header":                 {"10.0.0.1:5", nil, "10.0.0.1"},
		"garbage":                   {"10.0.0.1:5", []string{"6.6.6.6, unknown"}, "10.0.0.1"},
		"garbage behind a proxy":    {"10.0.0.1:5", []string{"<x>, 10.0.0.2"}, "10.0.0.2"},
		"an empty hop":              {"10.0.0.1:5", []string{"6.6.6.6,"}, "10.0.0.1"},
		"with a port":               {"10.0.0.1:5", []string{"203.0.113.1:999"}, "203.0.113.1"},
		"IPv6":                      {"[fd00::1]:5", []string{"[2001:db8::1]:9"}, "2001:db8::1"},
		"bare IPv6":                 {"[fd00::1]:5", []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv4 in IPv6, as a peer":   {"[::ffff:10.0.0.1]:5", []string{"203.0.113.1"}, "203.0.113.1"},
		"a zone":                    {"[fe80::1%eth0]:5", nil, "fe80::1"},
		"a peer without an address": {"@", nil, ""},
	} {
		if got := clientAddress(tc.peer, tc.forwarded, trusted); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestUserAgent(t *testing.T) {
	for in, want := range map[string]string{
		"curl/8":                              "curl/8",
		"a\r\nb\x00":                          "a??b?",
		"ünï":                                 "ünï",
		"\xff":                                "?",
		strings.Repeat("a", 300):              strings.Repeat("a", 256),
		strings.Repeat("a", 255) + "é" + "zz": strings.Repeat("a", 255) + "?",
		"\u202eevil":                          "?evil",
	} {
		if got := userAgent(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
