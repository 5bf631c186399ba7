"""The dashboard as a Django app."""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_migrate
from django.http import HttpRequest


def create_stream(using: str, **_: Any) -> None:
    """Make the one row of the stream where it is missing: in a new database, or a flushed one."""
    from dashboard.models import Stream

    Stream.objects.using(using).get_or_create(id=1)


def end_sockets(request: HttpRequest, **_: Any) -> None:
    """Close the sockets of the session that is being signed out of."""
    from dashboard.access import session_digest
    from dashboard.publisher import publisher

    if request.session.session_key:
        publisher.end_session(session_digest(request.session.session_key))


class DashboardConfig(AppConfig):
    """Ground floor: knows no Discord and no money; others plug in."""

    name = "dashboard"

    def ready(self) -> None:
        """Connect what keeps the stream's row there and watches over people and settings."""
        post_migrate.connect(create_stream, sender=self)
        if not apps.is_installed("axes"):
            return  # a project with a bot of its own: pages and people are elsewhere
        from dashboard import attempts, checks, people  # noqa: F401 - importing checks registers them

        people.connect()
        attempts.connect()
        user_logged_out.connect(end_sockets)
