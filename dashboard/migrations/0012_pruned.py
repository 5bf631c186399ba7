from typing import Any

from django.db import migrations, models
from django.db.models import Min


def pruned_so_far(apps: Any, schema_editor: Any) -> None:
    """Until now whatever was missing from the oldest end counted as pruned."""
    event, stream, pruned = (
        apps.get_model("dashboard", name) for name in ("Event", "Stream", "Pruned")
    )
    oldest = event.objects.aggregate(seq=Min("seq"))["seq"]
    head = stream.objects.values_list("head", flat=True).first() or 0
    upto = head if oldest is None else oldest - 1
    if upto:
        pruned.objects.create(id=1, upto=upto)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0011_audit_log_is_not_truncated")]

    operations = [
        migrations.CreateModel(
            name="Pruned",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                ("upto", models.BigIntegerField()),
            ],
            options={
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="pruned_is_one_row"
                    )
                ],
            },
        ),
        migrations.RunPython(pruned_so_far, migrations.RunPython.noop),
    ]
