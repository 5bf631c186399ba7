"""Every word a member reads, and the plain reasons in the log. The only module that has any."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import discord
from discord import app_commands
from discord.utils import escape_markdown, format_dt
from django.utils import timezone

from botworker.answers import Reply
from botworker.errors import Stopping, UnderMaintenance
from economy import errors
from economy.history import HistoryLine
from economy.queries import Standing
from economy.services import DailyClaim, Transfer
from economy.text import coins

VIOLET = 0x8B5CF6
LEADERS = 10
LINES = 10

FAILED = Reply(
    "Something went wrong on our side, and has been noted."
    " Look at `/balance` before you try again.",
    private=True,
)

NOT_YOURS = "Only who called this turns its pages. Call it yourself for pages of your own."
EXPIRED = "These buttons have expired. Call the command again."
RESTARTING = "I am restarting. Please try again in a moment."
MAINTENANCE = "I am under maintenance and do nothing for now. Please try again later."
TURN_FAILED = "That page cannot be shown right now. Please try again in a moment."

# ---------------------------------------------------------------------------- answers


def claimed(claim: DailyClaim) -> Reply:
    """Say what the daily brought, and when the next one opens, in the reader's own time zone."""
    streak = f"day {claim.streak} in a row" if claim.streak > 1 else "a new streak begins"
    bonus = f", {bold(claim.weekly_bonus)} of them for a full week" if claim.weekly_bonus else ""
    return Reply(
        f"You claimed {bold(claim.reward)}{bonus}: {streak}. You have {bold(claim.balance)} now.\n"
        f"Your next claim opens {soon(claim.next_claim_at)}."
    )


def transferred(transfer: Transfer) -> Reply:
    """Say who got how much, and what is left."""
    return Reply(
        f"<@{transfer.sender_id}> sent {bold(transfer.amount)} to <@{transfer.receiver_id}>.\n"
        f"{bold(transfer.sender_balance)} left."
    )


def balance(whose: discord.abc.User, amount: int, *, own: bool) -> Reply:
    """Say what somebody has; to the asker alone."""
    owner = "You have" if own else f"{whose.mention} has"
    hint = "\nClaim your first with `/daily`." if own and amount == 0 else ""
    return Reply(f"{owner} {bold(amount)}.{hint}", private=True)


def leaderboard(standings: Sequence[Standing], page: int = 0) -> discord.Embed:
    """Show the richest members, a line each, `LEADERS` on a page."""
    lines = [
        f"`{place:>2}` {name_of(standing.name, standing.member_id)} · {bold(standing.balance)}"
        for place, standing in enumerate(standings, page * LEADERS + 1)
    ]
    nobody = "Nobody has any coins yet. Be the first: `/daily`."
    return _list("Leaderboard", lines or [nobody], page)


def history(lines: Sequence[HistoryLine], page: int = 0) -> discord.Embed:
    """Show what happened to a member's coins, a line each, `LINES` on a page."""
    shown = [
        f"{format_dt(line.at, 'R')} `{line.amount:+,}` {_what(line)} · {coins(line.balance_after)}"
        for line in lines
    ]
    return _list("Your coins", shown or ["Nothing yet: try `/daily`."], page)


def _what(line: HistoryLine) -> str:
    if line.other is None:
        return line.kind.replace("_", " ")
    direction = "to" if line.amount < 0 else "from"
    return f"{direction} {name_of(line.other_name, line.other)}"


def _list(title: str, lines: Sequence[str], page: int) -> discord.Embed:
    embed = discord.Embed(title=title, description="\n".join(lines), colour=VIOLET)
    return embed.set_footer(text=f"Page {page + 1}") if page else embed


def pong(latency_ms: float | None) -> Reply:
    """Say how far Discord is; that is not known right after connecting."""
    latency = "not measured yet" if latency_ms is None else f"{latency_ms:.0f} ms"
    return Reply(f"Pong. Gateway latency: {latency}.", private=True)


# ---------------------------------------------------------------------------- refusals

Say = Callable[[Any], str]

# For each refusal: what its member is told, and the reason as the log has it, after "Refused: ".
_REFUSALS: dict[type[Exception], tuple[Say, str]] = {
    errors.AlreadyClaimed: (
        lambda e: f"You have claimed today already. Your next claim opens {soon(e.next_claim_at)}.",
        "{member} has claimed today already",
    ),
    errors.AmountTooSmall: (
        lambda e: f"The smallest amount you can send is {bold(e.minimum)}.",
        "{member} wanted to send {e.amount:,}, {command} takes {e.minimum:,} or more",
    ),
    errors.SelfTransfer: (
        lambda e: "You cannot send coins to yourself.",
        "{member} wanted to send coins to themselves",
    ),
    errors.BotReceiver: (
        lambda e: "Bots have no use for coins.",
        "{member} wanted to send coins to a bot",
    ),
    errors.InsufficientFunds: (
        lambda e: f"You have {bold(e.balance)}; that needs {bold(e.needed)}.",
        "{member} has {e.balance:,} coins, {command} needs {e.needed:,}",
    ),
    errors.BalanceOverflow: (
        lambda e: "That is more than one account can hold.",
        "no account can hold more than {e.maximum:,} coins",
    ),
    errors.AccountFrozen: (
        lambda e: "This account is frozen. Ask the staff of this bot.",
        "account {e.account_id} is frozen",
    ),
    errors.NotAMember: (
        lambda e: "There is no such member.",
        "{e.account_id} is no member",
    ),
    errors.RequestMismatch: (
        lambda e: "This request was made before, with other details. Please start anew.",
        "request {e.request_id} came before with other details",
    ),
    app_commands.CommandOnCooldown: (
        lambda e: f"Slow down a little: you can use that again {_after(e.retry_after)}.",
        "{member} was too quick for {command}",
    ),
    app_commands.NoPrivateMessage: (
        lambda e: "This command works in a server only.",
        "{member} used {command} outside of a server",
    ),
    Stopping: (
        lambda e: RESTARTING,
        "the bot was about to stop",
    ),
    UnderMaintenance: (
        lambda e: MAINTENANCE,
        "{member} used {command} during maintenance",
    ),
}
_OTHER: tuple[Say, str] = (
    lambda e: "You cannot do that here.",
    "{member} may not use {command} there",
)


def refusal(error: Exception) -> Reply:
    """Say why not, to the member alone."""
    say, _ = _REFUSALS.get(type(error), _OTHER)
    return Reply(say(error), private=True)


def reason(error: Exception, *, member: str, command: str) -> str:
    """Return why not, as the log has it: names and numbers, no markup."""
    _, template = _REFUSALS.get(type(error), _OTHER)
    return template.format(e=error, member=member, command=command)


# ---------------------------------------------------------------------------- parts


def bold(amount: int) -> str:
    """Return an amount of coins, emphasised."""
    return f"**{coins(amount)}**"


def soon(at: datetime) -> str:
    """Return a moment as Discord shows it: "in 5 hours", counting by itself."""
    return format_dt(at, "R")


def _after(seconds: float) -> str:
    return soon(timezone.now() + timedelta(seconds=ceil(seconds)))


def name_of(name: str, member_id: int) -> str:
    """Return the member's name as plain text, or a mention where none was ever seen.

    `<` begins what Discord shows as somebody, a channel, a command or a moment.
    """
    return escape_markdown(name).replace("<", r"\<") if name else f"<@{member_id}>"
