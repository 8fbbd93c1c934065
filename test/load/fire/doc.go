// Package fire is the load generator: closed loops over kept-alive connections,
// each driven by a visitor that says what to ask and judges the answer.
//
//	Visitor.Request -> connection -> answer -> Visitor.Answer -> histogram
//
// It shares the machine with what it measures, so it is lean: one goroutine, one
// connection and one histogram a visitor, no allocation in the loop, and of HTTP
// only what is needed to find the end of an answer.
package fire
