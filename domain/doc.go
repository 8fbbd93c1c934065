// Package domain is the kernel every aggregate shares: identifiers, errors,
// events, secrets and the origin of a request.
//
//	scope <- role <- user <- token        (who may import whom)
//	scope <- client       <- token
//
// Nothing below this folder does I/O, reads a clock or draws a random number:
// times and identifiers are handed in, so every rule can be tested as plain
// arithmetic. Third-party imports are limited to google/uuid and the pure
// Unicode tables of golang.org/x/text.
package domain
