// Package clients registers service clients and tells whether a request that
// names one comes from it.
package clients
