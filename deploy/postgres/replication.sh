#!/bin/sh
# Lets the replicas in, with the password of the owner.
set -eu
echo "host replication all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
