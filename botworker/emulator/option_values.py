"""Values a member might type for the options of a command."""

import random
from typing import Any

from botworker.emulator import invocations as kinds
from botworker.emulator.things import Guild, Member

Json = dict[str, Any]

_WORDS = ("thanks!", "for lunch", "お誕生日おめでとう", "merci 🎉", "за партию", "viel Glück", "gg")


def fill(options: list[Json], dice: random.Random, member: Member, guild: Guild) -> Json:
    """Values for every required option and now and then an optional one."""
    return {
        option["name"]: _value(option, dice, member, guild)
        for option in options
        if option.get("required") or dice.random() < 0.3
        if option["type"] != 11
    }


def _value(option: Json, dice: random.Random, member: Member, guild: Guild) -> Any:
    if option.get("choices"):
        return dice.choice(option["choices"])["value"]
    kind = option["type"]
    if kind in {kinds.USER, kinds.MENTIONABLE}:
        return _other(dice, member, guild)
    if kind == kinds.CHANNEL:
        return dice.choice(guild.text_channels)
    if kind == kinds.ROLE:
        return dice.choice(list(guild.roles.values()))
    if kind == kinds.BOOLEAN:
        return dice.random() < 0.5
    if kind in {kinds.INTEGER, kinds.NUMBER}:
        number = _number(option, dice)
        return number if kind == kinds.INTEGER else float(number)
    word = dice.choice(_WORDS)[: option.get("max_length", 6000)]
    return word.ljust(option.get("min_length", 0), ".")


def _other(dice: random.Random, member: Member, guild: Guild) -> Member:
    """Somebody else; once in a while oneself, as people do."""
    others = [person for person in guild.people if person.id != member.id]
    return dice.choice(others) if others and dice.random() > 0.02 else member


def _number(option: Json, dice: random.Random) -> int:
    """Mostly small, sometimes more than one has."""
    wish = int(10 ** dice.uniform(0.3, 2.2))
    if "page" in option["name"]:
        wish = 1
    elif dice.random() < 0.04:
        wish = 25_000
    low, high = option.get("min_value", -(2**53)), option.get("max_value", 2**53)
    return int(min(max(wish, low), high))
