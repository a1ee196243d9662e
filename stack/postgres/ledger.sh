#!/bin/sh
# The roles of the ledger, made once with its volume: an owner, one who reads, one who watches. What
# members of nearfield_ledger_reader may read, Nearfield says at each start: sums, never listeners.
set -eu
secrets=${SECRETS:-/run/secrets}
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    -v owner="$(cat "$secrets/ledger_password")" \
    -v reader="$(cat "$secrets/reader_password")" \
    -v monitor="$(cat "$secrets/monitor_password")" <<'SQL'
CREATE ROLE nearfield LOGIN PASSWORD :'owner';
CREATE ROLE nearfield_ledger_reader;
CREATE ROLE reader LOGIN PASSWORD :'reader' IN ROLE nearfield_ledger_reader;
CREATE ROLE monitor LOGIN PASSWORD :'monitor' IN ROLE pg_monitor;
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET statement_timeout = '30s';
CREATE DATABASE nearfield OWNER nearfield;
SQL
