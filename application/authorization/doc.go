// Package authorization answers whether someone may do something. A permission
// (resource, action) is held through the scope action:resource or
// admin:resource; nothing matches by prefix or part.
package authorization
