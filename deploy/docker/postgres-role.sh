#!/bin/sh
# Once, when the database is made: SmileChat connects as an ordinary role that owns its database. A superuser would pass through
# the wall between tenants that PostgreSQL keeps.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$POSTGRES_PASSWORD" --username "${POSTGRES_USER:-postgres}" <<'SQL'
create role smilechat login password :'password';
create database smilechat owner smilechat;
SQL
