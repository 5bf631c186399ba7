"""The economy as a Django app."""

from django.apps import AppConfig


class EconomyConfig(AppConfig):
    """Accounts and the ledger."""

    name = "economy"
