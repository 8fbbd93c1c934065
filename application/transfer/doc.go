// Package transfer moves accounts and what they may do between installations,
// and from other systems.
//
//	Exporter: lists, page by page --> entries: scopes, roles, clients, users
//	Importer: entry --> find by id or name --> verbs of the aggregate --> one unit of work
//
// An import says what shall be, so importing twice changes nothing the second
// time. Each entry is a unit of work of its own: what is refused leaves the
// others alone. Aggregates are changed through the verbs that administration
// uses, so names are held to the same rules, the same events are written, and
// sessions end where they would.
package transfer
