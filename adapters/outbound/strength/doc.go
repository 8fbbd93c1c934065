// Package strength estimates in how many guesses a password falls, as zxcvbn
// does (Wheeler, USENIX Security 2016): it looks for the cheapest way to put
// the password together from common words, names, rows of keys, sequences,
// repetitions and years.
//
// The word lists, the keyboards and the search are the library's. The finders
// are this package's own, because the library's make their dictionaries as the
// program starts, at a cost of some 60 ms and 10 MB, whether or not a password
// is ever judged; here that is paid at first use. Every finder works on bytes,
// in time bounded by the length that is looked at.
package strength
