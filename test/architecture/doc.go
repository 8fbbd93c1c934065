// Package architecture holds the house rules as tests: which room may import
// what, how large ports and files may grow, what must carry a comment, and
// which calls belong to one room alone. It has no code of its own.
//
//	imports_test.go   the import table and its checker
//	packages_test.go  the packages as `go list` sees them
//	sources_test.go   every Go file of the module, parsed once
//	calls_test.go     clocks, randomness, printing, HTTP statuses
//	shape_test.go     names, comments, sizes
//
// Each checker is a pure function, and each has a test that feeds it a breach.
package architecture
