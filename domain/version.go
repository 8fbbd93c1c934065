package domain

import "time"

// FirstVersion gives the version that a thing begins with whose name may have
// been another's: its microsecond of creation, which no changes of the one
// before have counted up to. An ETag is never used again (RFC 9110, section
// 8.8.3).
func FirstVersion(created time.Time) int64 { return created.UnixMicro() }

// CheckVersion holds a change to the version that its author has read, where
// one was named: zero stands for any.
func CheckVersion(read, stands int64) error {
	if read == 0 || read == stands {
		return nil
	}
	return E(KindPrecondition, CodeVersion, "the resource has changed since it was read")
}
