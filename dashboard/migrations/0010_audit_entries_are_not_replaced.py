from typing import Any

from django.db import migrations

# SQLite fires no DELETE trigger for the row that INSERT OR REPLACE puts another in place of.
SQLITE = (
    "CREATE TRIGGER dashboard_auditentry_no_replace BEFORE INSERT ON dashboard_auditentry "
    "WHEN EXISTS (SELECT 1 FROM dashboard_auditentry WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END"
)
SQLITE_REVERSE = "DROP TRIGGER dashboard_auditentry_no_replace"


def guard(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(SQLITE)


def unguard(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(SQLITE_REVERSE)


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0009_stream_names_its_newest'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='botprocess',
            options={'verbose_name_plural': 'bot processes'},
        ),
        migrations.RunPython(guard, unguard),
    ]
