// Package cli is Keystone at the command line: it parses arguments, calls what
// Commands holds, and prints the outcome.
//
//	argv -> cobra -> Commands (filled by bootstrap) -> stdout, or one line on stderr
//
// It owns the commands' names, flags and exit codes, and no rule. A secret that
// a command makes is printed once, on standard output; secrets are read from a
// file or standard input and never from an argument, which other users could see.
package cli
