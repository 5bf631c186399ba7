"""The one row of the stream, with an epoch of its own for every database."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def create_stream(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("dashboard", "Stream").objects.create(id=1)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0001_initial")]

    operations = [migrations.RunPython(create_stream, migrations.RunPython.noop)]
