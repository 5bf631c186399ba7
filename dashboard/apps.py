"""The dashboard as a Django app."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Ground floor: knows no Discord and no money; others plug in."""

    name = "dashboard"
