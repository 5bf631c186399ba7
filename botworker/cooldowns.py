"""How often one member may call one command: `extras={"cooldown": (times, seconds)}`."""

from collections import OrderedDict

from discord import app_commands

REMEMBERED_MAX = 10_000


class Cooldowns:
    """Counts the calls of each member and command; those who were quiet longest are forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], app_commands.Cooldown] = OrderedDict()

    def take(self, command: str, member_id: int, rule: tuple[int, float]) -> None:
        """Count a call. Raises `CommandOnCooldown` for one too many, which does not count."""
        key = command, member_id
        cooldown = self._kept.setdefault(key, app_commands.Cooldown(*rule))
        self._kept.move_to_end(key)
        if len(self._kept) > REMEMBERED_MAX:
            self._kept.popitem(last=False)
        if (wait := cooldown.update_rate_limit()) is not None:
            raise app_commands.CommandOnCooldown(cooldown, wait)

    def clear(self) -> int:
        """Forget every call; return for how many members and commands some were kept."""
        kept = len(self._kept)
        self._kept.clear()
        return kept
