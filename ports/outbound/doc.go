// Package outbound is what Keystone needs from the outside, as small
// interfaces in the domain's own words.
//
// Rules for every implementation, on top of each method's comment:
//
//   - An error is a *domain.Error. A missing thing is KindNotFound, a broken
//     uniqueness KindConflict with the code the method names, a dependency that
//     does not answer KindUnavailable. Anything else is KindInternal, with the
//     driver's error as its cause.
//   - Times come back in UTC with microseconds, however they are stored; the
//     zero time comes back zero.
//   - What is returned is the caller's own: no pointer, slice or map of it is
//     kept, and none that was handed in.
//   - Every method obeys its context and may be called concurrently, except
//     that the Repositories of one unit of work belong to one goroutine.
//
// The suites in test/contract hold an implementation to all of this.
package outbound
