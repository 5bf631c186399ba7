"""Accounts, the ledger, and what is kept beside it so that reading never costs its history.

The database repeats the rules: constraints here, and the guards of the second migration, which
make entries sum to zero, carry their account's balance, and never change.
"""

from django.db import models
from django.db.models import F, Q

BALANCE_MAX = 2**63 - 1
SYSTEM_ID_MAX = 100
"""Ids up to this one are for system accounts; no snowflake is as small."""


class System(models.TextChoices):
    """The accounts that belong to nobody: where coins come from, and where they end."""

    MINT = "mint"
    BURN = "burn"


SYSTEM_IDS = {System.MINT: 1, System.BURN: 2}


class Account(models.Model):
    """Coins of one member (`id` is the snowflake), or a named system account.

    `balance` is the sum of the account's entries; a member's is never below zero, the mint's is
    minus everything ever minted. `name` is the member's when last seen.
    """

    id = models.BigIntegerField(primary_key=True)
    system = models.CharField(max_length=16, blank=True, choices=System.choices)
    name = models.CharField(max_length=100, blank=True)
    balance = models.BigIntegerField(default=0)
    frozen = models.BooleanField(default=False)
    opened_at = models.DateTimeField()

    class Meta:
        permissions = [
            ("correct_account", "Can correct the balance of an account"),
            ("freeze_account", "Can freeze and unfreeze an account"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(system="", id__gt=SYSTEM_ID_MAX)
                | (~Q(system="") & Q(id__gte=1, id__lte=SYSTEM_ID_MAX)),
                name="account_of_member_or_system",
            ),
            models.CheckConstraint(
                condition=Q(balance__gte=0) | ~Q(system=""), name="account_member_not_below_zero"
            ),
            models.CheckConstraint(
                condition=Q(balance__gte=-BALANCE_MAX, balance__lte=BALANCE_MAX),
                name="account_balance_in_range",
            ),
            models.UniqueConstraint(
                fields=["system"], condition=~Q(system=""), name="account_system_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-balance", "id"], name="account_leaderboard", condition=Q(system="")
            ),
        ]

    def __str__(self) -> str:
        return self.system or self.name or f"member {self.id}"


class Kind(models.TextChoices):
    """What a transaction is for."""

    DAILY_CLAIM = "daily_claim", "daily claim"
    TRANSFER = "transfer", "transfer"
    CORRECTION = "correction", "correction"


class Transaction(models.Model):
    """One movement of coins, made once for its `request_id`; never changed.

    `parameters` are those of the request, as strings; with the entries (and the claim) they give
    the reply again. `author` and `reason` are of a correction.
    """

    kind = models.CharField(max_length=16, choices=Kind.choices)
    request_id = models.CharField(max_length=64, unique=True)
    parameters = models.JSONField(default=dict)
    author = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values), name="transaction_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(request_id=""), name="transaction_has_a_request_id"
            ),
            models.CheckConstraint(
                condition=~Q(kind=Kind.CORRECTION) | (~Q(author="") & ~Q(reason="")),
                name="transaction_correction_has_author_and_reason",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="transaction_by_time")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Entry(models.Model):
    """What one transaction did to one account, and the balance that left; never changed."""

    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="entry_moves_something"),
            models.UniqueConstraint(
                fields=["transaction", "account"], name="entry_once_per_account"
            ),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="entry_history")]

    def __str__(self) -> str:
        return f"{self.amount:+} on {self.account_id}"


class Claim(models.Model):
    """The daily claim of a member for one UTC day; never changed.

    `bonus` is the part of `reward` that the 7th day of the streak added.
    """

    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False)
    day = models.DateField()
    streak = models.IntegerField()
    reward = models.BigIntegerField()
    bonus = models.BigIntegerField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="claim_once_a_day"),
            models.CheckConstraint(
                condition=Q(streak__gte=1, reward__gte=1, bonus__gte=0, bonus__lte=F("reward")),
                name="claim_figures_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} on {self.day}"


class DayTally(models.Model):
    """What one UTC day did to the money: a row a day, so that totals cost the days only.

    Amounts are coins; `moved` is what members sent each other, and stays at `BALANCE_MAX` when a
    day would pass it. `opened` counts the members who got an account.
    """

    day = models.DateField(primary_key=True)
    opened = models.BigIntegerField(default=0)
    minted = models.BigIntegerField(default=0)
    burned = models.BigIntegerField(default=0)
    moved = models.BigIntegerField(default=0)
    transactions = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "day tallies"

    def __str__(self) -> str:
        return f"{self.day}: +{self.minted} -{self.burned}"


class Handover(models.Model):
    """What `sender` sent on to `receiver` soon after the claim of `day`, at most its `reward`."""

    day = models.DateField()
    sender = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    receiver = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    coins = models.BigIntegerField()
    reward = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "receiver", "sender"], name="handover_once"),
        ]

    def __str__(self) -> str:
        return f"{self.coins} of {self.reward}, {self.sender_id} to {self.receiver_id}"


class LargeTransfer(models.Model):
    """A transfer that was among the largest of its day when it was made."""

    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, primary_key=True)
    day = models.DateField()
    amount = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["day", "-amount"], name="large_transfer_by_day")]

    def __str__(self) -> str:
        return f"{self.amount} on {self.day}"
