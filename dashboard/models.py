"""The rows behind the dashboard: the event log, the counters kept with it, the state of the bot."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce


class Level(models.TextChoices):
    """How much an event asks for attention."""

    SUCCESS = "success"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Stream(models.Model):
    """The position of the log: one row, locked by every transaction that records an event.

    `head` is the newest `Event.seq`, 0 while there is none. `epoch` changes when the log no longer
    continues the one before, so that a reader knows its position means nothing any more.
    `newest_at` and `previous_at` are the times of the newest event and of the one before it, as
    the wire writes them: a published event names its predecessor, so that it is never taken for
    the successor of an event that was lost with a restore.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    epoch = models.UUIDField(default=uuid.uuid4)
    head = models.BigIntegerField(default=0)
    newest_at = models.CharField(max_length=24, blank=True)
    previous_at = models.CharField(max_length=24, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="stream_is_one_row"),
            models.CheckConstraint(condition=Q(head__gte=0), name="stream_head_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.epoch} at {self.head}"


class Pruned(models.Model):
    """How far the log was pruned: events up to seq `upto` may be gone; one row, none before that.

    It is apart from the stream, whose row writers lock: who prunes waits for none of them.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    upto = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="pruned_is_one_row")]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"up to {self.upto}"


class Event(models.Model):
    """A fact of the past. `seq` is gapless, from 1, in commit order; rows are never changed."""

    seq = models.BigIntegerField(primary_key=True)
    timestamp = models.DateTimeField()
    level = models.CharField(max_length=7, choices=Level.choices)
    kind = models.CharField(max_length=64)
    message = models.CharField(max_length=500)
    guild_id = models.BigIntegerField(null=True)
    guild_name = models.CharField(max_length=100, blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=100, blank=True)
    command = models.CharField(max_length=32, blank=True)
    duration_ms = models.FloatField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-seq"]
        permissions = [("export_events", "Can take the log as CSV")]
        constraints = [
            models.CheckConstraint(condition=Q(seq__gte=1), name="event_seq_from_one"),
            models.CheckConstraint(
                condition=Q(level__in=Level.values), name="event_level_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["timestamp"], name="event_by_time"),
            models.Index(fields=["kind", "-seq"], name="event_by_kind"),
            models.Index(fields=["guild_id", "-seq"], name="event_by_guild"),
            models.Index(fields=["actor_id", "-seq"], name="event_by_actor"),
            models.Index(
                fields=["command", "-seq"], name="event_by_command", condition=~Q(command="")
            ),
            models.Index(
                fields=["-seq"],
                name="event_problems",
                condition=Q(level__in=[Level.WARN, Level.ERROR]),
            ),
            models.Index(
                fields=["request_id"], name="event_by_request", condition=~Q(request_id="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}: {self.message}"


class HourlyCount(models.Model):
    """How many events of one kind and level an hour had. `hour` is its first instant, UTC."""

    hour = models.DateTimeField()
    kind = models.CharField(max_length=64)
    level = models.CharField(max_length=7, choices=Level.choices)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "kind", "level"], name="hourly_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h {self.kind}: {self.count}"


class CommandCount(models.Model):
    """How many runs of a command ended so in one hour, and took so long (`dashboard.runs`)."""

    hour = models.DateTimeField()
    command = models.CharField(max_length=32)
    outcome = models.CharField(max_length=9)
    bucket = models.PositiveSmallIntegerField()
    runs = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "command", "outcome", "bucket"], name="command_count_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h /{self.command} {self.outcome}: {self.runs}"


class CommandDay(models.Model):
    """The same as `CommandCount`, by the UTC day: what the tables of weeks and months add up."""

    day = models.DateField()
    command = models.CharField(max_length=32)
    outcome = models.CharField(max_length=9)
    bucket = models.PositiveSmallIntegerField()
    runs = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "command", "outcome", "bucket"], name="command_day_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} /{self.command} {self.outcome}: {self.runs}"


class ErrorGroup(models.Model):
    """All failures of commands with one fingerprint; `command` is the one that met it last."""

    fingerprint = models.CharField(max_length=32, primary_key=True)
    error = models.CharField(max_length=100)
    place = models.CharField(max_length=200, blank=True)
    command = models.CharField(max_length=32)
    count = models.BigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-last_seen_at"], name="error_group_by_time")]

    def __str__(self) -> str:
        return f"{self.error} in {self.place}: {self.count}"


class ActiveActor(models.Model):
    """The last UTC day on which an actor did something."""

    actor_id = models.BigIntegerField(primary_key=True)
    last_day = models.DateField()

    def __str__(self) -> str:
        return f"{self.actor_id} on {self.last_day}"


class ActiveDay(models.Model):
    """How many actors have this as their last active day.

    Summed over a window of days it tells how many different actors were active in that window,
    at the cost of the days and not of the actors.
    """

    day = models.DateField(primary_key=True)
    actors = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.actors}"


class BotProcess(models.Model):
    """The last heartbeat of one bot process. What it cannot know while disconnected is null."""

    name = models.CharField(max_length=64, primary_key=True)
    emulated = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    connected = models.BooleanField(default=False)
    latency_ms = models.FloatField(null=True)
    guilds = models.IntegerField(null=True)
    members = models.IntegerField(null=True)
    shards = models.JSONField(default=list)
    memory_bytes = models.BigIntegerField(null=True)
    database_ms = models.FloatField(null=True)

    class Meta:
        verbose_name_plural = "bot processes"

    def __str__(self) -> str:
        return self.name


class MetricSample(models.Model):
    """What a bot process measured at one minute: the past of the figures that are not counted."""

    at = models.DateTimeField()
    bot = models.CharField(max_length=64)
    latency_ms = models.FloatField(null=True)
    guilds = models.IntegerField(null=True)
    members = models.IntegerField(null=True)
    active_actors = models.BigIntegerField()
    memory_bytes = models.BigIntegerField(null=True)
    database_ms = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["at", "bot"], name="sample_once")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.bot}"


class DurationMinute(models.Model):
    """How many commands of one minute took so long (`dashboard.runs`), for the latency chart."""

    minute = models.DateTimeField()
    bucket = models.PositiveSmallIntegerField()
    runs = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["minute", "bucket"], name="duration_minute_once"),
        ]

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} bucket {self.bucket}: {self.runs}"


class Guild(models.Model):
    """A guild the bot is or was in, as the process `bot` told last at `seen_at`.

    `left_at` is null while it is in it. An unavailable one keeps what was known of it.
    """

    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=100, blank=True)
    members = models.IntegerField(null=True)
    available = models.BooleanField(default=True)
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    bot = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            # The largest first; those whose size is not known last.
            models.Index(Coalesce("members", -1).desc(), F("id").asc(), name="guild_by_size"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)


class GuildCommandDay(models.Model):
    """How many runs of a command ended so in one guild on one UTC day."""

    day = models.DateField()
    guild_id = models.BigIntegerField()
    command = models.CharField(max_length=32)
    outcome = models.CharField(max_length=9)
    runs = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["guild_id", "day", "command", "outcome"], name="guild_command_day_once"
            ),
        ]
        indexes = [models.Index(fields=["day"], name="guild_command_day_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.guild_id} /{self.command} {self.outcome}: {self.runs}"


class ControlAction(models.TextChoices):
    """What an operator can have the bot do."""

    MAINTENANCE_ON = "maintenance_on", "Turn maintenance mode on"
    MAINTENANCE_OFF = "maintenance_off", "Turn maintenance mode off"
    RELOAD_COMMANDS = "reload_commands", "Reload commands"
    CLEAR_CACHE = "clear_cache", "Clear cache"


class ControlRequest(models.Model):
    """What an operator asked of the bot, and what became of it.

    `id` is made with the form, so that a form sent twice is one request.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True)
    action = models.CharField(max_length=16, choices=ControlAction.choices)
    reason = models.CharField(max_length=200)
    requested_by = models.CharField(max_length=150)
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.PENDING)
    finished_at = models.DateTimeField(null=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["-requested_at"], name="control_request_by_time"),
            models.Index(
                fields=["requested_at"],
                name="control_request_pending",
                condition=Q(state="pending"),
            ),
        ]
        default_permissions = ("view",)
        permissions = [("operate_bot", "Can use the control panel")]

    def __str__(self) -> str:
        return f"{self.action} by {self.requested_by}: {self.state}"


class ControlAnswer(models.Model):
    """What one bot process answered to a request."""

    request = models.ForeignKey(ControlRequest, on_delete=models.CASCADE, related_name="answers")
    bot = models.CharField(max_length=64)
    ok = models.BooleanField()
    detail = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "bot"], name="control_answer_once"),
        ]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.bot}: {'done' if self.ok else 'failed'}"


class BotMode(models.Model):
    """What holds for the bot as long as nobody changes it; one row, outliving its processes."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    maintenance = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="bot_mode_is_one_row")]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return "maintenance" if self.maintenance else "normal"


class AuditEntry(models.Model):
    """Who did what to what, when, from where, and what it was before and after. Never changed.

    `actor` is the name as it was then: it outlives the user. `address` is the client's, null for
    commands; `before` and `after` are JSON without secrets, null where nothing was changed.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=150, blank=True)
    actor_id = models.BigIntegerField(null=True)
    address = models.GenericIPAddressField(null=True)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["target", "-id"], name="audit_by_target"),
            models.Index(fields=["address", "-id"], name="audit_by_address"),
        ]
        default_permissions = ("view",)
        permissions = [("administer", "Can use the admin")]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor} {self.action} {self.target}"
