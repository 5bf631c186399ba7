"""What ends a bot process, or the answer to one command; as data."""

import hashlib
import os
import traceback
from pathlib import Path

from discord import app_commands
from django.conf import settings


class StartRefused(Exception):
    """The bot cannot go on, and its operator has to do something. The text is one line for them.

    `configuration` is true when starting again cannot help, such as with a wrong token: a
    supervisor must not try, for Discord limits how often a bot may identify.
    """

    def __init__(self, line: str, *, configuration: bool = False) -> None:
        super().__init__(line)
        self.exit_code = os.EX_CONFIG if configuration else os.EX_UNAVAILABLE


class NotAnswered(Exception):
    """A command ran, but Discord did not take its answer; the cause says why."""


class Stopping(app_commands.CheckFailure):
    """A command came while the bot is about to stop."""


class UnderMaintenance(app_commands.CheckFailure):
    """A command came while an operator keeps the bot from running any."""


def fingerprint(error: BaseException) -> tuple[str, str]:
    """Return `(fingerprint, where)` of an error: the same for the same fault, whatever its text.

    Made of the type and of the functions of this project it passed through, not of line numbers:
    it survives edits elsewhere. `where` names the innermost of these functions.
    """
    own = [
        f"{Path(frame.filename).relative_to(settings.BASE_DIR).with_suffix('')}.{frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(settings.BASE_DIR)
        and "site-packages" not in frame.filename
    ]
    path = [place.replace(os.sep, ".") for place in own]
    text = "\n".join([f"{type(error).__module__}.{type(error).__qualname__}", *path])
    return hashlib.sha256(text.encode()).hexdigest()[:12], path[-1] if path else ""
