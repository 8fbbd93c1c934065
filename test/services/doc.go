// Package services gives a test a fresh PostgreSQL database or a Redis prefix
// of its own, on the first of these that there is:
//
//  1. the server of KEYSTONE_TEST_POSTGRES_URL / KEYSTONE_TEST_REDIS_URL;
//  2. with KEYSTONE_TEST_LOCAL=1, a server on the usual local port: never
//     without, since a person's own server may hold real data;
//  3. a container, where a Docker engine answers;
//  4. a private server from this machine's initdb and postgres, or
//     redis-server, which ends with the test binary, however that ends.
//
// Where there is none the test is skipped with one line that says so, or fails
// if CI or KEYSTONE_TEST_REQUIRE_SERVICES is set. A server is looked for once
// in a test binary. Nothing is ever flushed, and what a test made is removed
// when it ends.
//
// What a test breaks is its own: NewPostgres with its replicas, NewRedis, the
// Sentinels and the Cluster, and RunProcess for any other server start private
// processes that can be frozen, killed and started again.
package services
