// Package inbound is what the outside may ask of Keystone: the use cases as
// interfaces, with the types they speak. An adapter (REST, a command, a test)
// knows nothing of Keystone but this package and domain.
package inbound
