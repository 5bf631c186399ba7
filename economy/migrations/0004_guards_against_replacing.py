"""Guards against two ways of changing the record that need neither UPDATE nor DELETE.

- SQLite fires no DELETE trigger for the row that `INSERT OR REPLACE` puts another in place of, unless
  the connection asked for that. So a row whose keys are taken is refused before that happens.
- PostgreSQL fires no row trigger for TRUNCATE. The record may only be emptied together with the
  accounts, as `manage.py flush` does: never so that balances stay which nothing explains.
"""

from typing import Any

from django.db import migrations

KEYS = {
    "economy_transaction": ("id = NEW.id", "request_id = NEW.request_id"),
    "economy_entry": (
        "id = NEW.id",
        "transaction_id = NEW.transaction_id AND account_id = NEW.account_id",
    ),
    "economy_claim": (
        "id = NEW.id",
        "transaction_id = NEW.transaction_id",
        "account_id = NEW.account_id AND day = NEW.day",
    ),
}

SQLITE = [
    f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN "  # noqa: S608 - ours
    + " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys)  # noqa: S608
    + f" BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
    for table, keys in KEYS.items()
]
SQLITE_REVERSE = [f"DROP TRIGGER {table}_no_replace" for table in KEYS]

POSTGRESQL = [
    """CREATE FUNCTION economy_emptied_whole() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM economy_account) OR EXISTS (SELECT 1 FROM economy_transaction)
        OR EXISTS (SELECT 1 FROM economy_entry) OR EXISTS (SELECT 1 FROM economy_claim)
        THEN
            RAISE EXCEPTION '% is never changed: it is emptied with the accounts, or not at all',
                TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$""",
    *(
        f"CREATE TRIGGER {table}_never_emptied AFTER TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION economy_emptied_whole()"
        for table in KEYS
    ),
]
POSTGRESQL_REVERSE = [
    *(f"DROP TRIGGER {table}_never_emptied ON {table}" for table in KEYS),
    "DROP FUNCTION economy_emptied_whole()",
]


def guard(apps: Any, schema_editor: Any) -> None:
    for sql in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(sql, params=None)


def unguard(apps: Any, schema_editor: Any) -> None:
    sqls = {"sqlite": SQLITE_REVERSE, "postgresql": POSTGRESQL_REVERSE}
    for sql in sqls[schema_editor.connection.vendor]:
        schema_editor.execute(sql, params=None)


class Migration(migrations.Migration):
    dependencies = [("economy", "0003_rollups")]

    operations = [migrations.RunPython(guard, unguard)]
