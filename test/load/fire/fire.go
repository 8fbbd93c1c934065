package fire

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Visitor is one client with one connection. Its methods are called in turn by
// one goroutine.
type Visitor interface {
	// Request appends the next request, from its first to its last byte.
	Request(buffer []byte) []byte
	// Answer judges the answer to it; an error is counted against the run. A
	// positive wait keeps this visitor from asking again so soon.
	Answer(status int, body []byte) (wait time.Duration, err error)
}

// patience is how much longer than the run an answer may take.
const patience = 2 * time.Minute

// The range of the histograms, in microseconds, and their significant digits.
const (
	shortest = 1
	longest  = 120_000_000
	digits   = 3
)

// Volley is what a run gave.
type Volley struct {
	Took     time.Duration
	Answers  int64 // within the run, as expected
	Errors   int64
	FirstErr error
	latency  *hdrhistogram.Histogram
}

// Rate is the answers a second.
func (v Volley) Rate() float64 {
	if v.Took <= 0 {
		return 0
	}
	return float64(v.Answers) / v.Took.Seconds()
}

// At is the latency that a share of the answers, in percent, did not exceed.
func (v Volley) At(percent float64) time.Duration {
	if v.latency == nil {
		return 0
	}
	return time.Duration(v.latency.ValueAtQuantile(percent)) * time.Microsecond
}

// Run lets all visitors ask the server at an address as fast as it answers, for
// as long as given, and gives what was answered in that time. Latencies are
// those of closed loops: a server that stalls is asked less meanwhile.
func Run(ctx context.Context, address string, visitors []Visitor, lasting time.Duration) Volley {
	began := time.Now()
	end := began.Add(lasting)
	shots := make([]shots, len(visitors))
	var all sync.WaitGroup
	for i, visitor := range visitors {
		shots[i].latency = newHistogram()
		all.Go(func() { shots[i].fire(ctx, address, visitor, end) })
	}
	all.Wait()
	return total(ctx, began, end, shots)
}

// total adds up. Where all took longer than the run the late answers count.
func total(ctx context.Context, began, end time.Time, all []shots) Volley {
	v := Volley{Took: end.Sub(began), latency: newHistogram()}
	for i := range all {
		v.Answers += all[i].answers
		v.Errors += all[i].errors
		if v.FirstErr == nil {
			v.FirstErr = all[i].first
		}
		v.latency.Merge(all[i].latency)
	}
	if v.Answers == 0 {
		v.belated(began, all)
	}
	if ctx.Err() != nil {
		v.Errors++
		v.FirstErr = errors.Join(ctx.Err(), v.FirstErr)
	}
	return v
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

func (v *Volley) belated(began time.Time, all []shots) {
	for i := range all {
		if !all[i].late.IsZero() {
			v.Answers++
			v.Took = max(v.Took, all[i].late.Sub(began))
			record(v.latency, all[i].took)
		}
	}
}

// shots are those of one visitor.
type shots struct {
	latency *hdrhistogram.Histogram
	answers int64
	errors  int64
	first   error
	late    time.Time // when the one answer after the end came; zero: none did
	took    time.Duration
}

func (s *shots) fire(ctx context.Context, address string, visitor Visitor, end time.Time) {
	connection := &connection{address: address, deadline: end.Add(patience)}
	defer connection.close()
	var request []byte
	for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
		request = visitor.Request(request[:0])
		status, body, err := connection.exchange(ctx, request)
		var wait time.Duration
		if err == nil {
			wait, err = visitor.Answer(status, body)
		}
		if err != nil {
			err = fmt.Errorf("%w (to %s)", err, firstLine(request))
		}
		answered := time.Now()
		s.count(err, now, answered, end)
		if wait = min(wait, end.Sub(answered)); wait > 0 {
			time.Sleep(wait)
			answered = time.Now()
		}
		now = answered
	}
}

// count counts an answer within the run, or an error. A server that refuses
// everything is not asked in a tight loop.
func (s *shots) count(err error, asked, answered, end time.Time) {
	switch {
	case err != nil:
		s.errors++
		if s.first == nil {
			s.first = err
		}
		time.Sleep(time.Millisecond)
	case !answered.After(end):
		s.answers++
		record(s.latency, answered.Sub(asked))
	default:
		s.late, s.took = answered, answered.Sub(asked)
	}
}

func record(into *hdrhistogram.Histogram, took time.Duration) {
	_ = into.RecordValue(min(longest, max(shortest, took.Microseconds()))) // within its range
}
