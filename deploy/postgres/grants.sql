-- What the web processes and the bot may, after every `manage.py migrate`, as aurora_migrate:
--   psql -v ON_ERROR_STOP=1 -f deploy/postgres/grants.sql aurora
BEGIN;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM aurora_web, aurora_bot;

-- The pages, the API and the admin. History is added to, never changed.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO aurora_web;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM aurora_web;
REVOKE UPDATE, DELETE ON dashboard_event, dashboard_auditentry,
    economy_transaction, economy_entry, economy_claim FROM aurora_web;

-- The bot: no people, no sessions, no audit log.
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        AND tablename ~ '^(dashboard|economy|botworker)_' AND tablename <> 'dashboard_auditentry'
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO aurora_bot', name);
    END LOOP;
END $$;
REVOKE UPDATE ON dashboard_event, economy_transaction, economy_entry, economy_claim FROM aurora_bot;
GRANT SELECT ON django_migrations TO aurora_bot;
COMMIT;
