#!/bin/sh
# The roles of the ledger, made once with its volume: an owner, one who reads, one who watches.
set -eu
secrets=${SECRETS:-/run/secrets}
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    -v owner="$(cat "$secrets/ledger_password")" \
    -v reader="$(cat "$secrets/reader_password")" \
    -v monitor="$(cat "$secrets/monitor_password")" <<'SQL'
CREATE ROLE nearfield LOGIN PASSWORD :'owner';
CREATE ROLE reader LOGIN PASSWORD :'reader';
CREATE ROLE monitor LOGIN PASSWORD :'monitor' IN ROLE pg_monitor;
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET statement_timeout = '30s';
CREATE DATABASE nearfield OWNER nearfield;
\connect nearfield
ALTER DEFAULT PRIVILEGES FOR ROLE nearfield GRANT USAGE ON SCHEMAS TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE nearfield GRANT SELECT ON TABLES TO reader;
SQL
