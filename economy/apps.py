"""The economy as a Django app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def open_system_accounts(using: str, **_: Any) -> None:
    """Make the system accounts where they are missing: in a new database, or a flushed one."""
    from django.utils import timezone

    from economy.models import SYSTEM_IDS, Account

    for system, account_id in SYSTEM_IDS.items():
        Account.objects.using(using).get_or_create(
            id=account_id, defaults={"system": system.value, "opened_at": timezone.now()}
        )


class EconomyConfig(AppConfig):
    """Accounts and the ledger: shows what it knows through `dashboard`, knows no Discord."""

    name = "economy"

    def ready(self) -> None:
        """Plug into the dashboard."""
        from dashboard import access, details, guilds, stats
        from economy import checks  # noqa: F401 - importing registers them
        from economy.details import entries_of
        from economy.guilds import cards as cards_of_guild
        from economy.stats import cards, section

        access.add_rights(
            access.STAFF,
            (
                "economy.view_account",
                "economy.correct_account",
                "economy.freeze_account",
                "economy.view_transaction",
                "economy.view_entry",
                "economy.view_claim",
            ),
        )
        post_migrate.connect(open_system_accounts, sender=self)
        details.register(entries_of)
        guilds.register(cards_of_guild)
        stats.register("economy", section, cards=cards)
        stats.register_series(
            "transactions", kinds=["economy.daily_claimed", "economy.transferred"]
        )
