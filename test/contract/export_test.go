package contract

import "time"

// Hurry shortens the waits of the suites, for adapters that are wrong.
func Hurry() { arrival, patience, endless = time.Second, 10*time.Second, 60 }
