"""Everything that can go wrong on command. The docstrings say what a client would see."""

from botworker.emulator.conditions import Conditions, Refusal
from botworker.emulator.connection import Connection, visible_guild
from botworker.emulator.gateway import Gateway
from botworker.emulator.names import GuildName
from botworker.emulator.permissions import named
from botworker.emulator.sessions import GUILDS
from botworker.emulator.things import Guild, User
from botworker.emulator.world import World


class Faults:
    """The controls, as async methods of an `EmulatedDiscord` and as `POST /_control/NAME`.

    `shard` limits a gateway fault to one shard id; without it all connections are hit. `route`
    limits a REST fault to paths that contain it.
    """

    def __init__(self, world: World, gateway: Gateway, conditions: Conditions) -> None:
        self._world = world
        self._gateway = gateway
        self._conditions = conditions

    # ------------------------------------------------------------------ the gateway

    async def ack_delay(self, seconds: float | None = None, jitter: float = 0.0) -> None:
        """Heartbeats are acknowledged after `seconds` +- `jitter`; None: 30 to 90 ms again."""
        self._conditions.ack_base = seconds
        self._conditions.ack_jitter = jitter

    async def drop_acks(self, on: bool = True) -> None:
        """Heartbeats are not acknowledged at all."""
        self._conditions.acks_dropped = on

    async def reset(self, shard: int | None = None) -> None:
        """The TCP connection is reset, without a close frame. Sessions can be resumed."""
        for connection in self._connections(shard):
            connection.abort()

    async def close(self, code: int = 4000, shard: int | None = None) -> None:
        """The gateway closes with `code`. Sessions can be resumed."""
        for connection in self._connections(shard):
            connection.close(code, "As asked.")

    async def reconnect(self, shard: int | None = None) -> None:
        """RECONNECT (op 7): the client is to come back and resume."""
        for connection in self._connections(shard):
            connection.ask_to_reconnect()

    async def invalid_session(self, resumable: bool = False, shard: int | None = None) -> None:
        """INVALID_SESSION (op 9): to be resumed, or lost and to be identified anew."""
        for connection in self._connections(shard):
            connection.invalidate(resumable=resumable)

    async def forget_sessions(self) -> None:
        """No session can be resumed any more; the next RESUME is answered with op 9."""
        self._gateway.sessions.drop_all()

    async def outage(
        self, on: bool = True, sessions_lost: bool = False, refuse: float = 0.0
    ) -> None:
        """Nobody is at home: every connection is cut, and new ones as they come.

        With `refuse` the port is closed, that of the controls too: connections are refused for so
        many seconds, and then the outage is over.
        """
        self._conditions.down = on
        if sessions_lost:
            self._gateway.sessions.drop_all()
        await self._conditions.close_port(refuse if on else 0.0)
        if on:
            self._conditions.cut()
            for connection in self._connections(None):
                connection.abort()

    # ------------------------------------------------------------------ REST

    async def rate_limit(
        self,
        times: int = 1,
        retry_after: float = 0.5,
        route: str = "",
        is_global: bool = False,
    ) -> None:
        """The next `times` requests are answered with 429."""
        self._conditions.refusals.append(Refusal(429, times, route, retry_after, is_global))

    async def fail(self, times: int = 1, status: int = 500, route: str = "") -> None:
        """The next `times` requests are answered with 500, or another status."""
        self._conditions.refusals.append(Refusal(status, times, route))

    async def lose_responses(self, times: int = 1, status: int = 0, route: str = "") -> None:
        """The next `times` requests take effect, and the connection breaks before the response.

        With a `status`, such as 502, that is what the client gets instead.
        """
        self._conditions.losses.append(Refusal(status, times, route))

    async def slow_rest(self, seconds: float = 0.0, jitter: float = 0.0, route: str = "") -> None:
        """Every request waits `seconds` +- `jitter` before it is looked at; 0: quick again."""
        self._conditions.rest_delay = seconds
        self._conditions.rest_jitter = jitter
        self._conditions.rest_route = route

    # ------------------------------------------------------------------ deliveries

    async def duplicate(self, times: int = 1) -> None:
        """Every new interaction is delivered `times` more than once; 0: once again."""
        self._conditions.duplicates = times

    async def guild_unavailable(self, guild: int | None = None) -> int:
        """GUILD_DELETE with `unavailable`: an outage of one guild. Tells which."""
        place = self._guild(guild, available=True)
        place.available = False
        data = {"id": str(place.id), "unavailable": True}
        self._gateway.dispatch("GUILD_DELETE", data, place.id, GUILDS)
        return place.id

    async def guild_available(self, guild: int | None = None) -> int:
        """GUILD_CREATE of a guild that was unavailable. Tells which."""
        place = self._guild(guild, available=False)
        place.available = True
        self._announce(place)
        return place.id

    async def guild_joined(self, name: str = "The New Place") -> int:
        """Somebody adds the bot to a new guild: GUILD_CREATE. Tells its id."""
        owner = next(user for user in self._world.users.values() if not user.bot)
        place = self._world.join_guild(
            GuildName(name, "en-US", ("general",), ("Moderator",)), owner
        )
        self._announce(place, joined=True)
        return place.id

    async def guild_left(self, guild: int | None = None) -> int:
        """The bot is removed from a guild: GUILD_DELETE. Tells which."""
        place = self._guild(guild, available=None)
        del self._world.guilds[place.id]
        self._gateway.dispatch("GUILD_DELETE", {"id": str(place.id)}, place.id, GUILDS)
        return place.id

    async def guild_renamed(self, name: str, guild: int | None = None) -> int:
        """A guild gets another name: GUILD_UPDATE. Tells which."""
        place = self._guild(guild, available=True)
        place.name = name
        self._gateway.dispatch("GUILD_UPDATE", place.payload(), place.id, GUILDS)
        return place.id

    async def forbid(self, permission: str, channel: int | None = None, on: bool = True) -> int:
        """The bot may no longer do this in a channel: CHANNEL_UPDATE. Tells which channel."""
        taken = named(permission)
        places = [one for guild in self._world.guilds.values() for one in guild.text_channels]
        place = next((one for one in places if channel in {None, one.id}), None)
        if place is None:
            raise LookupError(f"there is no such channel: {channel}")
        bot = self._world.bot.id
        denied = place.denied.get(bot, 0)
        place.denied[bot] = denied | taken if on else denied & ~taken
        self._gateway.dispatch("CHANNEL_UPDATE", place.payload(), place.guild_id, GUILDS)
        return place.id

    async def member_joined(self, guild: int | None = None, name: str = "newcomer") -> int:
        """A new person joins a guild: GUILD_MEMBER_ADD for those with the intent. Tells who."""
        place = self._guild(guild, available=None)
        user = User(self._world.snowflakes(), name, name.title())
        self._gateway.announce_member(place, self._world.welcome(place, user))
        return user.id

    async def clear(self) -> None:
        """Fair weather: delays, refusals, silence and outage are over; guilds stay as they are."""
        self._conditions.clear()
        await self._conditions.close_port(0.0)

    def _connections(self, shard: int | None) -> list[Connection]:
        return [
            connection
            for connection in self._gateway.connections
            if shard is None or (connection.session and connection.session.shard[0] == shard)
        ]

    def _guild(self, guild: int | None, *, available: bool | None) -> Guild:
        for place in self._world.guilds.values():
            if guild in {None, place.id} and available in {None, place.available}:
                return place
        raise LookupError(f"there is no such guild: {guild}")

    def _announce(self, guild: Guild, *, joined: bool = False) -> None:
        """GUILD_CREATE; only of a guild newly joined it does not say whether it is available."""
        for session in self._gateway.sessions.serving(guild.id):
            if session.intents & GUILDS:
                created = visible_guild(session, guild, self._world.bot.id)
                if joined:
                    del created["unavailable"]
                session.dispatch("GUILD_CREATE", created)
