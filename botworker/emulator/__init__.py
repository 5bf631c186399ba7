"""A Discord on this machine: strict, scriptable, and for tests and the demo only.

It imports nothing of Aurora and listens on loopback only. In a test:

    async with EmulatedDiscord(seed=1) as discord:
        discord.http.Route.BASE = discord.api_url           # "http://127.0.0.1:PORT/api/v10"
        DiscordWebSocket.DEFAULT_GATEWAY = URL(discord.gateway_url)
        ... start the bot with discord.token ...
        await discord.wait_for_command("daily")              # synced, and a session is connected
        call = await discord.run_command("transfer", member=a, guild=g,
                                         options={"to": b, "amount": 5})
        reply = await call.reply()                           # what the member reads

`reply` is a `Reply`: `content`, `embeds`, `text` (all words of both), `components`, `ephemeral`,
`mentions`, `mention_everyone`, `deferred`, `first` (its first readable state), `edits` (each later
one), `followups`, `modal`, `acknowledged_seconds` and `seconds`. `InteractionFailed` is raised when
the member would read "The application did not respond"; `NotCallable` when the member's own client
would not send it (a command never synced, a missing option, a value outside its limits).

An `Interaction` also has `acknowledged()`, `followup(number)`, `edited(times)`, `choices`, `state`.
Members also `autocomplete(...)` and `press(interaction, custom_id)`.

`discord.world` holds guilds and members (the same seed gives the same world), `discord.limits` the
deadlines (`Limits`, which tests may shorten), `discord.conditions` delays and refusals,
`discord.unknown_routes` what was asked for and is not emulated.
"""

from botworker.emulator.interactions import Interaction, State
from botworker.emulator.invocations import NotCallable
from botworker.emulator.limits import Limits
from botworker.emulator.players import Players
from botworker.emulator.replies import InteractionFailed, Reply, ReplyPart
from botworker.emulator.server import EmulatedDiscord
from botworker.emulator.things import Channel, Guild, Member, Role, User
from botworker.emulator.world import World, build_world

__all__ = [
    "Channel",
    "EmulatedDiscord",
    "Guild",
    "Interaction",
    "InteractionFailed",
    "Limits",
    "Member",
    "NotCallable",
    "Players",
    "Reply",
    "ReplyPart",
    "Role",
    "State",
    "User",
    "World",
    "build_world",
]
