package redis

import "time"

// Patient lets a limiter wait longer than a request would: a stand-in for Redis
// that interprets its scripts is slow under the race detector, and how soon a
// request gives up is not what the suite asks.
func (l *Limiter) Patient() *Limiter {
	l.client.patience = 30 * time.Second
	return l
}
