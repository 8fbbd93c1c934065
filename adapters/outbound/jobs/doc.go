// Package jobs brings events to the reactions that follow from them, with
// River: a job for each reaction, stored in the transaction of the event.
//
//	database: events of a unit of work -> Plan.Follow(tx) -> river_job
//	Runner:   river_job -> inbound.Reaction.React, later again where it fails
//
// Nothing runs for what rolled back, and nothing that was committed is
// forgotten: a job lives in the store until it is done. It carries the
// reaction's name, the event's id, type, subject and time; never a token, which
// the reaction derives again.
//
// The tables are River's own; migrations/ creates them, and a test holds them
// to what this version of River would have made.
package jobs
