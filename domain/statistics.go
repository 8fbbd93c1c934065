package domain

import "time"

// Statistics are an installation in numbers.
type Statistics struct {
	Users       int64
	ActiveUsers int64
	Sessions    int64          // alive
	Hours       []LoginsInHour // oldest first, without gaps; the last one is the current hour
}

// LoginsInHour are the logins of one hour.
type LoginsInHour struct {
	Start    time.Time
	Logins   int64
	Failures int64
}
