// Package deploy holds the files of deploy/ to what can be checked without a
// container engine: compose files to their schema, manifests to what they must
// not lack, nginx and Prometheus to their own programs, and every setting to
// the configuration that it is meant for.
package deploy
