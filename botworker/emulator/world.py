"""The world: who exists, in which guilds, with which channels and roles."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from botworker.emulator import names
from botworker.emulator.permissions import BOT_PERMISSIONS, MEMBER_PERMISSIONS
from botworker.emulator.snowflakes import Snowflakes, snowflake_at
from botworker.emulator.things import Channel, Guild, Member, Role, User, Webhook

BOT_ID = 1_180_000_000_000_000_042


class World:
    """Everything that exists. The same seed gives the same world, ids included."""

    def __init__(self, bot: User) -> None:
        self.bot = bot
        self.users: dict[int, User] = {bot.id: bot}
        self.guilds: dict[int, Guild] = {}
        self.direct_channels: dict[int, Channel] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.snowflakes = Snowflakes()

    def channel(self, channel_id: int) -> Channel | None:
        """The channel with this id, in any guild or among the direct ones."""
        for guild in self.guilds.values():
            if channel_id in guild.channels:
                return guild.channels[channel_id]
        return next((c for c in self.direct_channels.values() if c.id == channel_id), None)

    def bot_may(self, channel: Channel, needs: int) -> bool:
        """The bot has every permission that `needs` names in a channel; in direct ones it has."""
        guild = self.guilds.get(channel.guild_id or 0)
        if guild is None:
            return True
        return guild.permissions_in(channel, self.bot.id) & needs == needs

    def guilds_of(self, user_id: int) -> list[Guild]:
        """The guilds the user is a member of."""
        return [guild for guild in self.guilds.values() if user_id in guild.members]

    def direct_channel(self, user: User) -> Channel:
        """The channel between the bot and `user`, opened when there is none."""
        if user.id not in self.direct_channels:
            self.direct_channels[user.id] = Channel(
                self.snowflakes(), "", None, type=1, recipient=user
            )
        return self.direct_channels[user.id]

    def add_member(self, guild: Guild, user: User, joined_at: datetime) -> Member:
        """Make `user` a member of `guild`."""
        self.users[user.id] = user
        member = Member(user, joined_at)
        guild.members[user.id] = member
        return member

    def welcome(self, guild: Guild, user: User) -> Member:
        """Make `user` a member of `guild` now."""
        return self.add_member(guild, user, datetime.now(UTC))

    def join_guild(self, name: names.GuildName, owner: User) -> Guild:
        """A new guild, founded and joined by the bot now."""
        guild = self.found_guild(self.snowflakes.block(100), name, owner, datetime.now(UTC))
        guild.joined_at = datetime.now(UTC)
        return guild

    def found_guild(
        self, guild_id: int, name: names.GuildName, owner: User, founded: datetime
    ) -> Guild:
        """A new guild with its roles, channels, owner and the bot."""
        guild = Guild(guild_id, name.name, owner.id, name.locale, founded + timedelta(days=90))
        guild.roles[guild_id] = Role(guild_id, "@everyone", MEMBER_PERMISSIONS, 0)
        own = Role(guild_id + 1, self.bot.username, BOT_PERMISSIONS, 1, bot_id=self.bot.id)
        guild.roles[own.id] = own
        for at, title in enumerate(name.roles):
            role = Role(guild_id + 2 + at, title, MEMBER_PERMISSIONS, 2 + at, 0x8B5CF6, hoist=True)
            guild.roles[role.id] = role
        category = Channel(guild_id + 20, name.name, guild_id, type=4)
        guild.channels[category.id] = category
        for at, title in enumerate(name.channels):
            channel = Channel(
                guild_id + 21 + at, title, guild_id, position=at, parent_id=category.id
            )
            guild.channels[channel.id] = channel
        self.guilds[guild_id] = guild
        self.add_member(guild, owner, founded)
        self.add_member(guild, self.bot, guild.joined_at).roles.append(own.id)
        return guild


def build_world(
    *, seed: int = 1, guilds: int = 5, members: int = 60, bot_id: int = BOT_ID
) -> World:
    """A world of `guilds` guilds and `members` people, each of whom is in one to three of them."""
    dice = random.Random(seed)  # noqa: S311
    world = World(User(bot_id, "aurora", None, bot=True))
    people = [_person(at, dice) for at in range(max(members, 1))]
    for at, name in enumerate(_guild_names(guilds)):
        # To the millisecond: the shard of a guild is what its moment leaves over.
        moment = timedelta(days=41 * at % 1500, milliseconds=dice.randint(0, 86_400_000))
        founded = datetime(2021, 3, 1, 12, tzinfo=UTC) + moment
        guild_id = snowflake_at(int(founded.timestamp() * 1000))
        world.found_guild(guild_id, name, _speaker(people, name.locale, at), founded)
    homes = list(world.guilds.values())
    for at, person in enumerate(people):
        likely = [guild for guild in homes if guild.locale.startswith(person.locale[:2])]
        first = likely[0] if likely else homes[at % len(homes)]
        for guild in {first.id: first} | {
            other.id: other for other in dice.sample(homes, min(dice.randint(0, 2), len(homes)))
        }:
            if person.id not in world.guilds[guild].members:
                joined = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=dice.randint(0, 12_000))
                member = world.add_member(world.guilds[guild], person, joined)
                if dice.random() < 0.2:
                    member.roles.append(dice.choice(_plain_roles(world, guild)))
    return world


def _plain_roles(world: World, guild_id: int) -> list[int]:
    guild = world.guilds[guild_id]
    return [r.id for r in guild.roles.values() if r.bot_id is None and r.id != guild_id] or [
        guild_id
    ]


def _speaker(people: list[User], locale: str, at: int) -> User:
    return next((p for p in people if p.locale == locale), people[at % len(people)])


def _guild_names(count: int) -> Iterator[names.GuildName]:
    for at in range(count):
        if at < len(names.GUILDS):
            yield names.GUILDS[at]
            continue
        title = names.MORE_GUILDS[at % len(names.MORE_GUILDS)]
        if (turn := (at - len(names.GUILDS)) // len(names.MORE_GUILDS)) > 0:
            title = f"{title} {turn + 1}"
        yield names.GuildName(title, "en-US", ("general", "bot-lounge"), ("Moderator",))


def _person(at: int, dice: random.Random) -> User:
    name = names.PEOPLE[at % len(names.PEOPLE)]
    turn = at // len(names.PEOPLE)
    made = datetime(2019, 6, 1, tzinfo=UTC) + timedelta(hours=7 * at, seconds=dice.randint(0, 3600))
    return User(
        snowflake_at(int(made.timestamp() * 1000), at),
        name.username if not turn else f"{name.username}{turn + 1}",
        name.display if not turn else f"{name.display} {turn + 1}",
        name.locale,
    )
