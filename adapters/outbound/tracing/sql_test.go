package tracing

import "testing"

func TestStatementsAreToldWithoutArguments(t *testing.T) {
	for query, want := range map[string]string{
		`SELECT u.id FROM users AS u WHERE u.id = $1`:                  "SELECT users",
		"\nSELECT u.id,\n (SELECT 1 FROM roles) FROM users":            "SELECT users",
		`INSERT INTO "events" ("id") VALUES ('INTO secrets')`:          "INSERT events",
		`UPDATE "users" AS "u" SET "bio" = 'FROM secret' WHERE id = 1`: "UPDATE users",
		`DELETE FROM tickets WHERE id = 'x'`:                           "DELETE tickets",
		`SELECT 'alice' FROM users`:                                    "SELECT users",
		`SELECT string_agg(n, ' '), 'it''s FROM secret' FROM users`:    "SELECT users",
		`SELECT 'open FROM secret`:                                     "SELECT",
		`SELECT 1 FROM alice@example.com`:                              "SELECT",
		`WITH spent AS (UPDATE refresh_tokens SET x = 1) SELECT 1`:     "WITH",
		`alice@example.com`:                                            "",
		``:                                                             "",
		`SELECT`:                                                       "SELECT",
		`PRAGMA user_version`:                                          "",
		`SELECT pg_advisory_xact_lock(7, hashtext('alice'))`:           "SELECT",
	} {
		if got := statement(query).String(); got != want {
			t.Errorf("statement(%q) = %q, want %q", query, got, want)
		}
	}
}

func TestCheckEndpoint(t *testing.T) {
	for endpoint, good := range map[string]bool{
		"http://localhost:4318": true, "https://otlp.example.com/base/": true,
		"": false, "localhost:4318": false, "grpc://localhost:4317": false, "http://": false, "http://u:p@h": false, "http://h?x=1": false, "http://h#x": false, "http://h\x00": false,
	} {
		if err := CheckEndpoint(endpoint); (err == nil) != good {
			t.Errorf("CheckEndpoint(%q) = %v", endpoint, err)
		}
	}
}
