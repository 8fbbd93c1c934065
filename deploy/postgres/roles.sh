#!/bin/sh
# Makes the two roles that are no superusers: the owner of Keystone's database,
# and the one that the replicas follow as.
set -eu
psql -X -q -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set database_password `cat /run/secrets/database_password`
\set replication_password `cat /run/secrets/replication_password`
CREATE ROLE keystone LOGIN PASSWORD :'database_password';
ALTER DATABASE keystone OWNER TO keystone;
CREATE ROLE replication LOGIN REPLICATION PASSWORD :'replication_password';
SQL
echo "host replication replication all scram-sha-256" >> "$PGDATA/pg_hba.conf"
