// Package tracing owns the traces: spans of requests, use cases, SQL statements
// and calls of Redis, and their export by OTLP over HTTP.
//
//	request --traceparent--> Request --ctx--> use case, unit of work, hash --ctx--> SQL, Redis
//	spans --batched--> exporter --protobuf--> <endpoint>/v1/traces
//
// It wraps what it traces, and only where an endpoint is configured. Spans hold
// names of routes, operations and tables, and the request id; never a
// parameter, a statement or an error's text, as those may hold what no trace
// should. What has no request behind it, such as the tail of the signals, is
// not traced.
package tracing
