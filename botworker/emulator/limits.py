"""The figures Discord holds its clients to. Tests may shorten them; nothing else should."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines, windows and counts, with Discord's own as defaults."""

    heartbeat_seconds: float = 41.25
    """What HELLO asks for."""
    response_seconds: float = 3.0
    """For the first answer to an interaction."""
    token_seconds: float = 900.0
    """For everything after it."""
    session_seconds: float = 300.0
    """How long a session without a connection can be resumed."""
    identify_seconds: float = 5.0
    """The window in which `max_concurrency` shards may identify, each with its own key."""
    refusal_seconds: float = 2.0
    """How long an IDENTIFY too many waits for op 9: "a few seconds" (discord-api-docs #1328)."""
    max_concurrency: int = 1
    session_starts: int = 1000
    """IDENTIFYs a day."""
    gateway_sends: int = 120
    """Payloads a client may send a connection each minute."""
    gateway_payload_bytes: int = 4096
    max_guilds_a_shard: int = 2500
    advised_guilds_a_shard: int = 1000
    """What the advised number of shards is made of."""
    requests_a_second: int = 50
    """The global limit of REST; interactions are exempt."""
    granted_intents: int = 0
    """Privileged intents (bits) that the application was granted."""
