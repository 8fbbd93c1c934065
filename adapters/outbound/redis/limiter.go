package redis

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// slots is into how many parts a window is cut: attempts of one slot leave the
// count together, the last of them on time.
const slots = 60

// take counts up to ARGV[4] attempts in slot ARGV[2] where the limit ARGV[3]
// leaves room, and gives how many; where it leaves none, it gives 0 and the
// slot that must leave first. Slots before ARGV[1] have left. One script, one
// key: no two callers see the same room.
var take = rueidis.NewLuaScript(`
local oldest, slot, limit, want = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local fields = redis.call('HGETALL', KEYS[1])
local used, marks = 0, {}
for i = 1, #fields, 2 do
  local at, count = tonumber(fields[i]), tonumber(fields[i + 1])
  if at < oldest or count <= 0 then
    redis.call('HDEL', KEYS[1], fields[i])
  else
    used = used + count
    marks[#marks + 1] = {at, count}
  end
end
if used < limit then
  local taken = math.min(want, limit - used)
  redis.call('HINCRBY', KEYS[1], slot, taken)
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return {taken, 0}
end
table.sort(marks, function(a, b) return a[1] < b[1] end)
for _, mark in ipairs(marks) do
  used = used - mark[2]
  if used < limit then
    return {0, mark[1]}
  end
end
return {0, 0}
`)

// giveBack uncounts one attempt of slot ARGV[1], if it still counts.
var giveBack = rueidis.NewLuaScript(`
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') > 0 then
  redis.call('HINCRBY', KEYS[1], ARGV[1], -1)
end
return 0
`)

// Limiter is an outbound.RateLimiter whose counts all instances share. Limits
// that need not be exact are leased; see lease.go.
type Limiter struct {
	client *Client
	clock  outbound.Clock
	known  *standings
}

var _ outbound.RateLimiter = (*Limiter)(nil)

// NewLimiter makes a limiter of all instances with the client's prefix.
func NewLimiter(client *Client, clock outbound.Clock) *Limiter {
	return &Limiter{client: client, clock: clock, known: newStandings()}
}

// Reserve admits one attempt or refuses it: by one round trip, or from a lease.
func (l *Limiter) Reserve(ctx context.Context, limit domain.Limit, key string) (outbound.Reservation, error) {
	switch {
	case limit.Off():
		return unlimited{}, nil
	case limit.Count >= outbound.ExactBelow:
		return l.lease(ctx, limit, key)
	}
	now := l.clock.Now()
	slot := slotAt(now, limit.Window)
	taken, wait, err := l.take(ctx, limit, key, now, slot, 1)
	switch {
	case err != nil:
		return nil, err
	case taken == 0:
		l.known.make(limit, key).refuse(now.Add(wait))
		return nil, domain.RateLimited(limit, wait)
	}
	return &reservation{limiter: l, limit: limit, key: key, slot: slot}, nil
}

// Peek refuses what was refused here a moment ago.
func (l *Limiter) Peek(limit domain.Limit, key string) error {
	if s := l.known.find(limit, key); s != nil {
		if wait := s.refused(l.clock.Now()); wait > 0 {
			return domain.RateLimited(limit, wait)
		}
	}
	return nil
}

// take asks Redis for up to so many attempts, to be counted in the slot. Where
// it fails, everything that was known is forgotten: whoever is admitted
// afterwards has been so by a Redis that answers.
func (l *Limiter) take(ctx context.Context, limit domain.Limit, key string, now time.Time, slot int64, want int) (taken int, wait time.Duration, err error) {
	width := slotOf(limit.Window)
	answer, err := l.run(ctx, take, limit, key,
		number(slotAt(now, limit.Window)-slots), number(slot), strconv.Itoa(limit.Count), strconv.Itoa(want),
		number((limit.Window + (leaseSlots+2)*width).Milliseconds()))
	if err != nil {
		return 0, 0, err
	}
	counts, err := answer.AsIntSlice()
	if err != nil || len(counts) != 2 {
		l.known.forget()
		return 0, 0, domain.Unavailable(errors.Join(errors.New("redis: an answer that the script does not give"), err), retryAfter)
	}
	if counts[0] > 0 {
		return int(counts[0]), 0, nil
	}
	leaves := time.UnixMilli((counts[1] + slots + 1) * width.Milliseconds())
	return 0, max(time.Millisecond, leaves.Sub(now)), nil
}

func (l *Limiter) run(ctx context.Context, script *rueidis.Lua, limit domain.Limit, key string, arguments ...string) (rueidis.RedisResult, error) {
	name := l.client.prefix + "limit:" + string(limit.Name) + ":" + number(limit.Window.Milliseconds()) + ":" + key
	answer, err := do(ctx, l.client, func(ctx context.Context, client rueidis.Client) (rueidis.RedisResult, error) {
		answer := script.Exec(ctx, client, []string{name}, arguments)
		return answer, answer.Error()
	})
	if err != nil && ctx.Err() == nil { // a caller who left says nothing about Redis
		l.known.forget()
	}
	return answer, err
}

// slotOf is the length of a slot, in whole milliseconds.
func slotOf(span time.Duration) time.Duration {
	ms := (span.Milliseconds() + slots - 1) / slots
	return time.Duration(max(1, ms)) * time.Millisecond
}

func slotAt(now time.Time, span time.Duration) int64 {
	return now.UnixMilli() / slotOf(span).Milliseconds()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// reservation is one attempt of an exact limit.
type reservation struct {
	limiter *Limiter
	limit   domain.Limit
	key     string
	slot    int64
	back    atomic.Bool
}

// GiveBack uncounts the attempt in Redis.
func (r *reservation) GiveBack(ctx context.Context) error {
	if r.back.Swap(true) {
		return nil
	}
	if s := r.limiter.known.find(r.limit, r.key); s != nil {
		s.refuse(time.Time{})
	}
	_, err := r.limiter.run(ctx, giveBack, r.limit, r.key, number(r.slot))
	return err
}

// unlimited is an attempt that nothing counts.
type unlimited struct{}

func (unlimited) GiveBack(context.Context) error { return nil }
