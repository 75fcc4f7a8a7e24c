#!/bin/sh
# Make Temporal's two databases, or bring them to the version of these tools. It may run again.
set -eu
SQL_PASSWORD="$(cat /run/secrets/postgres-password)"
export SQL_PASSWORD

tool() { # tool DATABASE COMMAND...
    database=$1
    shift
    temporal-sql-tool --plugin postgres12 --ep postgresql -p 5432 -u temporal --db "$database" "$@"
}

for kind in temporal visibility; do
    database=temporal
    [ "$kind" = temporal ] || database=temporal_visibility
    tool "$database" create
    tool "$database" setup-schema -v 0.0
    tool "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$kind/versioned"
done
