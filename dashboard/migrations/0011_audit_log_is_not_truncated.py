from typing import Any

from django.db import migrations

# PostgreSQL fires no row trigger for TRUNCATE. `manage.py flush` empties everything at once, the
# stream and the people included; nothing else may empty the audit log.
POSTGRESQL = [
    """CREATE FUNCTION dashboard_audit_never_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM dashboard_stream) THEN
            RAISE EXCEPTION 'the audit log is never changed' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$""",
    "CREATE TRIGGER dashboard_auditentry_never_emptied AFTER TRUNCATE ON dashboard_auditentry"
    " FOR EACH STATEMENT EXECUTE FUNCTION dashboard_audit_never_emptied()",
]
POSTGRESQL_REVERSE = [
    "DROP TRIGGER dashboard_auditentry_never_emptied ON dashboard_auditentry",
    "DROP FUNCTION dashboard_audit_never_emptied()",
]


def guard(apps: Any, schema_editor: Any) -> None:
    for sql in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else ():
        schema_editor.execute(sql)


def unguard(apps: Any, schema_editor: Any) -> None:
    for sql in POSTGRESQL_REVERSE if schema_editor.connection.vendor == "postgresql" else ():
        schema_editor.execute(sql)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0010_audit_entries_are_not_replaced")]

    operations = [migrations.RunPython(guard, unguard)]
