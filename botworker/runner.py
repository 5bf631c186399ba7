"""The life of a bot process: log in, serve, stop when told so."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from http.client import UNAUTHORIZED
from typing import Any, TypeVar

import discord
from django.db import DatabaseError
from django.utils import timezone

from botworker.answers import describe
from botworker.callback import UNREACHABLE
from botworker.client import Bot, Made, build, install, point_at, tree_of
from botworker.cogs.guilds import Guilds
from botworker.controls import Controls
from botworker.database import close_connections, in_database
from botworker.errors import StartRefused
from botworker.options import BotOptions
from botworker.records import Record
from botworker.refusals import Refusals, refusal_of
from botworker.reloading import Reloader
from botworker.spool import Spool
from botworker.sync import CommandSync
from botworker.telemetry import Telemetry
from dashboard.hub import Nudges
from dashboard.models import ControlAction, Level
from dashboard.services import ended_without_goodbye

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOGIN_PAUSE_SECONDS = 0.25
LOGIN_PAUSE_MAX_SECONDS = 2.0
FLUSH_SECONDS = 3.0
HURRIED_SECONDS = 0.5  # what waits is in the spool's file, for the next start
GOODBYE_SECONDS = 2.0
BROKER_REFUSED = (
    "The broker refuses the bot's password, so events reach pages some seconds late."
    " Correct REDIS_URL and restart the bot"
)


class Stop:
    """Whether somebody asked this process to stop; and asked again, as one does who cannot wait."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()

    def ask(self) -> None:
        """Ask, once or more."""
        (self.hurry if self.asked.is_set() else self.asked).set()


async def run(options: BotOptions) -> None:
    """Serve until SIGTERM or SIGINT; a second one lets no command finish any more.

    Raises `StartRefused` when it cannot, or no longer.
    """
    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.ask)
    try:
        await serve(options, stop)
    finally:
        await close_connections()


async def serve(options: BotOptions, stop: Stop) -> None:
    """Serve until asked to stop: then finish the running commands and say goodbye."""
    point_at(options)
    client = await _unless(stop, log_in(options))
    if client is None:
        return
    try:
        await _live(client, options, stop)
    finally:
        await client.close()


async def log_in(options: BotOptions) -> Bot:
    """Return a client that Discord knows. Tries for a while when Discord is not to be reached."""
    deadline = asyncio.get_running_loop().time() + options.login_wait_seconds
    pause = LOGIN_PAUSE_SECONDS
    while True:
        client = build(options)
        try:
            await client.login(options.token)
        except BaseException as error:
            await client.close()
            _refuse_wrong_token(error)
            if not isinstance(
                error, (discord.HTTPException, discord.GatewayNotFound, *UNREACHABLE)
            ):
                raise
            if asyncio.get_running_loop().time() >= deadline:
                raise StartRefused(_gave_up(error, options)) from None
        else:
            return client
        await asyncio.sleep(pause)
        pause = min(2 * pause, LOGIN_PAUSE_MAX_SECONDS)


def _gave_up(error: Exception, options: BotOptions) -> str:
    seen = "did not answer" if isinstance(error, UNREACHABLE) else "answered with errors only"
    return (
        f"Discord at {options.api_url} {seen} within {options.login_wait_seconds:g} s"
        f" ({describe(error)}). Look at the network, at DISCORD_API_URL, and whether Discord"
        " itself is well: discordstatus.com"
    )


def _refuse_wrong_token(error: BaseException) -> None:
    # A token that does not fit into a header is a ValueError before anything is sent; so is, by its
    # type, a certificate that is not trusted. Revoked between two requests, it is an HTTPException.
    misfit = isinstance(error, ValueError) and not isinstance(error, UNREACHABLE)
    cause = error.__cause__ if isinstance(error, discord.GatewayNotFound) else error
    revoked = isinstance(cause, discord.HTTPException) and cause.status == UNAUTHORIZED
    if isinstance(error, discord.LoginFailure) or misfit or revoked:
        raise StartRefused(
            "Discord does not accept DISCORD_TOKEN: copy it anew from the developer portal.",
            configuration=True,
        ) from None


async def _live(client: Bot, options: BotOptions, stop: Stop) -> None:
    tree = tree_of(client)
    refusals = Refusals(client)
    await client.add_cog(refusals)
    if options.spool is not None:
        tree.recorder.use(Spool(options.spool))
    crashed = await in_database(ended_without_goodbye, options.name)
    if crashed is not None:
        last = f"{crashed.heartbeat_at:%d %b, %H:%M:%S} UTC"
        message = f"The bot ended without a goodbye; its last heartbeat was at {last}"
        tree.recorder.add(Record(kind="bot.crashed", message=message, level=Level.WARN))
    made = await install(client, options.pages_seconds)
    guilds = Guilds(client, made.gateway, options)
    await client.add_cog(guilds)
    telemetry = Telemetry(options, made.gateway, timezone.now())
    controls = _controls(client, options, made, guilds)
    await controls.learn_mode()
    recording = asyncio.create_task(tree.recorder.run())
    reporting = [
        asyncio.create_task(telemetry.run_heartbeats()),
        asyncio.create_task(telemetry.run_watch()),
        asyncio.create_task(telemetry.run_samples()),
        asyncio.create_task(guilds.run_telling()),
        asyncio.create_task(guilds.run_refreshing()),
        asyncio.create_task(guilds.run_counting()),
        asyncio.create_task(_run_controls(controls)),
    ]
    where = " on an emulated Discord" if options.emulated else ""
    shards = {} if options.shards is None else {"shards": str(options.shards)}
    if options.broker_refused:
        tree.recorder.add(
            Record(kind="bot.broker_refused", level=Level.ERROR, message=BROKER_REFUSED)
        )
    tree.recorder.add(
        Record(kind="bot.started", message=f"Bot {client.user} started{where}", data=shards)
    )
    if options.owns_first_shard:
        syncing = CommandSync(tree, forgetful=options.emulated)
        await client.add_cog(syncing)
        await _unless(stop, syncing.begin())
    ending = "Bot stopped"
    try:
        await _stay_connected(client, options, stop, refusals)
    except StartRefused as error:
        ending = f"Bot stopped: {error}"
        raise
    except Exception as error:
        ending = f"Bot stopped: {type(error).__name__}"
        raise
    finally:
        await client.close()
        await _end(*reporting)
        tree.maintain(False)  # which tells how many commands it refused
        level = Level.INFO if stop.asked.is_set() else Level.ERROR
        tree.recorder.add(Record(kind="bot.stopped", level=level, message=ending))
        await tree.recorder.flush(HURRIED_SECONDS if stop.hurry.is_set() else FLUSH_SECONDS)
        await _end(recording)
        tree.recorder.close()
        await _say_goodbye(telemetry)


async def _run_controls(controls: Controls) -> None:
    async with Nudges(controls.wake.set):
        await controls.run()


def _controls(client: Bot, options: BotOptions, made: Made, guilds: Guilds) -> Controls:
    """Return what operators can have this process do."""
    tree = tree_of(client)
    reloader = Reloader(client, made, tells_discord=options.owns_first_shard)

    def maintain(on: bool) -> None:
        made.paging.maintenance = on
        tree.maintain(on)

    async def clear_cache() -> str:
        cooldowns, told = tree.forget_cooldowns(), guilds.forget()
        return f"cooldowns forgotten: {cooldowns}, guilds told anew: {told}"

    actions = {
        ControlAction.RELOAD_COMMANDS: reloader.reload,
        ControlAction.CLEAR_CACHE: clear_cache,
    }
    return Controls(options.name, maintain, actions)


async def _stay_connected(client: Bot, options: BotOptions, stop: Stop, refusals: Refusals) -> None:
    """Be connected until asked to stop; commands may finish first.

    Raises `StartRefused`, and defects.
    """
    if refusals.first.done():  # while the commands were synced
        raise refusals.first.result()
    connection = asyncio.create_task(client.connect())
    stopping = asyncio.create_task(stop.asked.wait())
    ends: set[asyncio.Future[Any]] = {connection, stopping, refusals.first}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if not connection.done():
        if stop.asked.is_set():
            seconds = options.drain_seconds
            logger.info(
                "stopping: what is being answered may finish within %g s; ask again to end at once",
                seconds,
            )
            await tree_of(client).finish(seconds, stop.hurry)
        # Cancelled, discord.py closes with 1000, which ends the session. Closed from here while it
        # reads, it closes with 4000, and the bot looks online for minutes.
        await _end(connection, stopping)
        if not stop.asked.is_set():
            raise refusals.first.result()
        return
    await _end(stopping)
    error = connection.exception()
    refused = refusal_of(error)
    if refused is not None:
        raise refused
    if isinstance(error, AttributeError) and _never_connected(client, options):
        # discord.py 2.7 stumbles over the socket it never had when the first connection fails.
        raise StartRefused(
            f"Discord's gateway at {options.gateway_url} does not answer. Look at the network and"
            " at DISCORD_GATEWAY_URL."
        )
    if error is not None:
        raise error


def _never_connected(client: Bot, options: BotOptions) -> bool:
    first = 0 if options.shards is None else options.shards.first
    try:
        websocket: object = client._get_websocket(shard_id=first)
    except KeyError:  # a sharded client has the shards that it launched
        return True
    return websocket is None


async def _say_goodbye(telemetry: Telemetry) -> None:
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await telemetry.say_goodbye()
    except (DatabaseError, TimeoutError) as error:
        logger.warning("cannot record the end (%s)", type(error).__name__)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they are gone."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _unless(stop: Stop, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what `work` returns, or None when somebody asked to stop first."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.asked.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return None
    finally:
        await _end(working, stopping)
