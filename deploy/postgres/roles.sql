-- The three roles, once for a cluster, as its superuser:
--   psql -v ON_ERROR_STOP=1 -v migrate="..." -v web="..." -v bot="..." -f deploy/postgres/roles.sql aurora
-- `migrate` owns everything; what `web` and `bot` may is in grants.sql.
CREATE ROLE aurora_migrate LOGIN PASSWORD :'migrate' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE aurora_web LOGIN PASSWORD :'web' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE aurora_bot LOGIN PASSWORD :'bot' NOSUPERUSER NOCREATEDB NOCREATEROLE;
REVOKE ALL ON DATABASE :DBNAME FROM PUBLIC;
GRANT CONNECT ON DATABASE :DBNAME TO aurora_migrate, aurora_web, aurora_bot;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO aurora_migrate;
GRANT USAGE ON SCHEMA public TO aurora_web, aurora_bot;
-- A question that hangs, and a transaction that nobody ends, must not hold the others up.
ALTER ROLE aurora_web SET statement_timeout = '30s';
ALTER ROLE aurora_web SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE aurora_bot SET statement_timeout = '30s';
ALTER ROLE aurora_bot SET idle_in_transaction_session_timeout = '60s';
