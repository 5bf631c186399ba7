"""The dashboard as a Django app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def create_stream(using: str, **_: Any) -> None:
    """Make the one row of the stream where it is missing: in a new database, or a flushed one."""
    from dashboard.models import Stream

    Stream.objects.using(using).get_or_create(id=1)


class DashboardConfig(AppConfig):
    """Ground floor: knows no Discord and no money; others plug in."""

    name = "dashboard"

    def ready(self) -> None:
        """Connect what keeps the stream's row there."""
        post_migrate.connect(create_stream, sender=self)
