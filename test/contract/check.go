package contract

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/given"
)

// patience bounds a case: what has not answered by then hangs.
var patience = time.Minute

// within gives the context of a case, with an origin.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(domain.WithOrigin(t.Context(), given.Origin), patience)
	t.Cleanup(cancel)
	return ctx
}

// now is the real time as the Clock port tells it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// wantKind holds err to be a *domain.Error of that kind.
func wantKind(t testing.TB, err error, kind domain.Kind) {
	t.Helper()
	var e *domain.Error
	switch {
	case err == nil:
		t.Errorf("no error, want one of kind %d", kind)
	case !errors.As(err, &e):
		t.Errorf("%T is no *domain.Error: %v", err, err)
	case e.Kind != kind:
		t.Errorf("kind %d, want %d: %v", e.Kind, kind, err)
	}
}

// wantCode holds err to be a *domain.Error of that code, and of KindConflict
// where the code is about a clash with what is stored.
func wantCode(t testing.TB, err error, code domain.Code) {
	t.Helper()
	var e *domain.Error
	switch {
	case err == nil:
		t.Errorf("no error, want %s", code)
		return
	case !errors.As(err, &e):
		t.Errorf("%T is no *domain.Error: %v", err, err)
		return
	case e.Code != code:
		t.Errorf("code %s, want %s: %v", e.Code, code, err)
	}
	switch code {
	case domain.CodeConflict, domain.CodeUsernameTaken, domain.CodeEmailTaken, domain.CodeNotSpendable:
		wantKind(t, err, domain.KindConflict)
	}
}

// wantStopped holds a call whose context had ended to say so.
func wantStopped(t testing.TB, what string, err error) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) {
		t.Errorf("%s with an ended context: got %v, want a *domain.Error", what, err)
	} else if e.Kind == domain.KindNotFound {
		t.Errorf("%s with an ended context looked all the same: %v", what, err)
	}
}

// ended gives a context that has ended.
func ended(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	return ctx
}

// same compares snapshots. Times must be UTC in whole microseconds, a nil slice
// is an empty one, and each difference is reported by its path.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	for _, difference := range differences(what, reflect.ValueOf(got), reflect.ValueOf(want)) {
		t.Error(difference)
	}
}

func differences(path string, got, want reflect.Value) []string {
	if got.Type() != want.Type() {
		return []string{fmt.Sprintf("%s: is a %s, want a %s", path, got.Type(), want.Type())}
	}
	if expected, isTime := want.Interface().(time.Time); isTime {
		return timeDifference(path, got.Interface().(time.Time), expected)
	}
	var found []string
	switch want.Kind() {
	case reflect.Struct:
		for i := range want.NumField() {
			found = append(found, differences(path+"."+want.Type().Field(i).Name, got.Field(i), want.Field(i))...)
		}
	case reflect.Slice:
		if got.Len() != want.Len() {
			return []string{fmt.Sprintf("%s: %v, want %v", path, got, want)}
		}
		for i := range want.Len() {
			found = append(found, differences(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i))...)
		}
	default:
		if got.Interface() != want.Interface() {
			found = []string{fmt.Sprintf("%s: %v, want %v", path, got, want)}
		}
	}
	return found
}

func timeDifference(path string, got, want time.Time) []string {
	switch {
	case want.IsZero() != got.IsZero(), !got.Equal(want):
		return []string{fmt.Sprintf("%s: %v, want %v", path, got, want)}
	case got.Location() != time.UTC:
		return []string{fmt.Sprintf("%s: %v is not in UTC", path, got)}
	case got.Nanosecond()%1000 != 0:
		return []string{fmt.Sprintf("%s: %v is finer than microseconds", path, got)}
	}
	return nil
}

// wantFull holds a prepared snapshot to have no zero field, so that a field
// added later is not forgotten by the round trips.
func wantFull(t testing.TB, snapshot any, but ...string) {
	t.Helper()
	v := reflect.ValueOf(snapshot)
next:
	for i := range v.NumField() {
		for _, name := range but {
			if v.Type().Field(i).Name == name {
				continue next
			}
		}
		if v.Field(i).IsZero() {
			t.Errorf("the suite leaves %s.%s empty", v.Type(), v.Type().Field(i).Name)
		}
	}
}

// race runs n attempts at once and gives what each returned.
func race(n int, attempt func(i int) error) []error {
	results := make([]error, n)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			<-start
			results[i] = attempt(i)
		})
	}
	close(start)
	running.Wait()
	return results
}

// wantWinners holds exactly so many attempts to have succeeded, and the rest
// to have failed with the code.
func wantWinners(t testing.TB, results []error, winners int, code domain.Code) {
	t.Helper()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, code)
	}
	if won != winners {
		t.Errorf("%d of %d succeeded, want %d", won, len(results), winners)
	}
}

// wantAll holds every attempt to have succeeded.
func wantAll(t testing.TB, results []error) {
	t.Helper()
	for i, err := range results {
		if err != nil {
			t.Errorf("attempt %d: %v", i, err)
		}
	}
}

// endless is how often a case asks for a next part, or tries again, before it
// gives an adapter up; the suite's own tests shorten it.
var endless = 500

// wantLen ends a case that would look at what is not there.
func wantLen[T any](t testing.TB, what string, got []T, least int) {
	t.Helper()
	if len(got) < least {
		t.Fatalf("%d %s, want %d", len(got), what, least)
	}
}

// spoil changes the last of what an adapter gave, which it must not have kept.
func spoil[T any](t testing.TB, what string, got []T, as T) {
	t.Helper()
	wantLen(t, what, got, 1)
	got[len(got)-1] = as
}

// eventually waits, for as long as a case may take, until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(arrival); !holds(); waitAWhile() {
		if time.Now().After(deadline) {
			t.Errorf("not so: %s", what)
			return
		}
	}
}

func waitAWhile() { time.Sleep(10 * time.Millisecond) }
