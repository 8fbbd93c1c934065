// Package rig sets up what is measured and reads what it cost.
//
//	build.go     the release build of Keystone
//	stores.go    private PostgreSQL and Redis, or given ones
//	process.go   a program under load: Keystone, or this program as the ceilings
//	usage.go     CPU and memory of whole process trees, from /proc
//	meter.go     what all of it used between two moments
package rig
