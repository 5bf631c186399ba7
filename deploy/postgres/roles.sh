#!/bin/sh
# Makes the roles when the cluster of compose.yaml is made; their passwords are in secrets/.
set -eu
cd /run/secrets
exec psql -v ON_ERROR_STOP=1 -v migrate="$(cat migrate_password)" -v web="$(cat web_password)" \
    -v bot="$(cat bot_password)" -U postgres -f /etc/aurora/roles.sql "$POSTGRES_DB"
