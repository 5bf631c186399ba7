"""What the bot remembers between two starts."""

from django.db import models


class SyncedCommands(models.Model):
    """The commands Discord last took from us, for one application: the digest of their payload."""

    application_id = models.BigIntegerField(primary_key=True)
    digest = models.CharField(max_length=64)
    synced_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "synced commands"

    def __str__(self) -> str:
        return f"{self.application_id}: {self.digest[:12]}"


class SpoolMark(models.Model):
    """Up to which number the records of one spool (`botworker.spool`) are in the log."""

    spool = models.CharField(max_length=32, primary_key=True)
    upto = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.spool}: {self.upto}"
