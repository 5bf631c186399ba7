"""A small bot made with the real discord.py, with one command for each way to answer."""

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 drops
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord

from discord import app_commands

Interaction = discord.Interaction[Any]


class Buttons(discord.ui.View):
    @discord.ui.button(label="Next", custom_id="next")
    async def next_page(self, interaction: Interaction, button: Any) -> None:
        await interaction.response.edit_message(content="page 2", view=self)

    @discord.ui.select(
        custom_id="choose",
        options=[discord.SelectOption(label="a"), discord.SelectOption(label="b")],
    )
    async def choose(self, interaction: Interaction, select: Any) -> None:
        await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)


class Form(discord.ui.Modal, title="A form"):
    wish: Any = discord.ui.TextInput(label="Wish", custom_id="wish")

    async def on_submit(self, interaction: Interaction) -> None:
        await interaction.response.send_message(f"wished {self.wish.value}")


def add_commands(bot: Any) -> None:
    """Everything the small bot can do."""
    tree: app_commands.CommandTree[Any] = bot.tree

    @tree.command(description="Answer at once")
    async def hello(
        interaction: Interaction,
        who: discord.Member,
        times: app_commands.Range[int, 1, 5] = 1,
    ) -> None:
        bot.seen.append(interaction.id)
        await interaction.response.send_message(
            f"hello {who.mention} @everyone",
            embed=discord.Embed(title="Hello", description="x" * times),
            allowed_mentions=discord.AllowedMentions.none(),
            ephemeral=True,
        )
        await interaction.followup.send("and more")

    @tree.command(description="Think first")
    async def slow(interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content="done")

    @tree.command(description="Never answer")
    async def silent(interaction: Interaction) -> None:
        bot.seen.append(interaction.id)

    @tree.command(description="Answer twice")
    async def twice(interaction: Interaction) -> None:
        await interaction.response.send_message("one")
        interaction.response._response_type = None
        await interaction.response.send_message("two")

    @tree.command(description="Answer after the deadline")
    async def late(interaction: Interaction) -> None:
        await bot.go_on.wait()
        await interaction.response.send_message("too late")

    @tree.command(description="Buttons")
    async def buttons(interaction: Interaction) -> None:
        await interaction.response.send_message("page 1", view=Buttons())

    @tree.command(description="A form")
    async def form(interaction: Interaction) -> None:
        await interaction.response.send_modal(Form())

    @tree.command(description="Suggestions")
    async def look(interaction: Interaction, word: str) -> None:
        await interaction.response.send_message(word)

    @look.autocomplete("word")
    async def words(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current}!", value=current)]

    group = app_commands.Group(name="config", description="Sub-commands")

    @group.command(name="set", description="A sub-command")
    async def set_(interaction: Interaction, number: int) -> None:
        await interaction.response.send_message(f"set to {number}")

    tree.add_command(group)

    @tree.error
    async def failed(interaction: Interaction, error: Exception) -> None:
        bot.errors.append(getattr(error, "original", error))
        bot.failed.set()


def add_menus(tree: app_commands.CommandTree[Any]) -> None:
    """What it can do to somebody, or with a message."""

    @tree.context_menu(name="Greet")
    async def greet(interaction: Interaction, who: discord.Member) -> None:
        await interaction.response.send_message(f"hello {who.display_name}")

    @tree.context_menu(name="Quote")
    async def quote(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"> {message.content}", ephemeral=True)


if TYPE_CHECKING:
    _Base = discord.Client
else:
    _Base = object


class _Common(_Base):
    """What both kinds of bot remember."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents(guilds=True))
        super().__init__(guild_ready_timeout=0.1, **options)
        self.tree: app_commands.CommandTree[Any] = app_commands.CommandTree(self)
        self.seen: list[int] = []
        self.errors: list[Any] = []
        self.failed = asyncio.Event()
        self.go_on = asyncio.Event()
        self.happened: asyncio.Queue[str] = asyncio.Queue()
        self.ready = asyncio.Event()
        add_commands(self)
        add_menus(self.tree)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def wait_until_ready_(self) -> None:
        await self.ready.wait()

    async def on_ready(self) -> None:
        self.happened.put_nowait("ready")
        self.ready.set()

    async def on_resumed(self) -> None:
        self.happened.put_nowait("resumed")

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        self.happened.put_nowait(f"unavailable {guild.id}")

    async def on_guild_available(self, guild: discord.Guild) -> None:
        self.happened.put_nowait(f"available {guild.id}")

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.happened.put_nowait(f"joined {guild.name}")

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.happened.put_nowait(f"left {guild.id}")

    async def until(self, wanted: str, within: float = 10) -> None:
        """Wait until this happened."""
        async with asyncio.timeout(within):
            while await self.happened.get() != wanted:
                pass


class SmallBot(_Common, discord.Client):
    """On one shard."""


class SmallShardedBot(_Common, discord.AutoShardedClient):
    """On several."""
