package domain

// CheckVersion holds a change to the version that its author has read, where
// one was named: zero stands for any.
func CheckVersion(read, stands int64) error {
	if read == 0 || read == stands {
		return nil
	}
	return E(KindPrecondition, CodeVersion, "the resource has changed since it was read")
}
