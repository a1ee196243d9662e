#!/bin/sh
# The demo's database of the app: an owner who fills it, and Nearfield, who may only read.
set -eu
secrets=${SECRETS:-/run/secrets}
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    -v password="$(cat "$secrets/app_password")" <<'SQL'
CREATE ROLE app LOGIN PASSWORD :'password';
CREATE ROLE nearfield_reader LOGIN PASSWORD :'password' IN ROLE pg_read_all_data;
CREATE DATABASE app OWNER app;
SQL
