// Package e2e tests Keystone from outside: HTTP against running processes, and
// the clients that other people wrote.
//
//	main_test.go      builds the program once
//	server_test.go    a process: start, stop, kill, restart, its logs
//	stores_test.go    the deployments that each test runs on
//	exchange_test.go  one request and its answer
//	world_test.go     accounts, clients and logins to test with
//	ledger_test.go    every secret that was used, to be found nowhere afterwards
//	*_cases_test.go   the contract, as data
//	topology_*_test.go  servers around Keystone that are frozen, killed, failed over
//	document_test.go    every exchange is held to /openapi.json
//	clients/          independent OAuth and JOSE clients, run by Node.js
//	lint/             the linter of the document, too
//
// KEYSTONE_URL and KEYSTONE_ADMIN_PASSWORD point the tests that need no process
// of their own at any deployment; the superuser is KEYSTONE_ADMIN_USERNAME, or
// admin. They leave accounts and clients behind.
package e2e
