"""The operator's requests, carried out by this process: `dashboard.control` has what they mean."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from django.db import DatabaseError
from django.utils import timezone

from botworker.database import in_database
from botworker.ticking import every
from dashboard import control
from dashboard.models import ControlAction, ControlRequest

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
ANSWERING_SECONDS = 1.5
"""What is left of `control.ANSWER_SECONDS` for getting the answer into the database."""

Action = Callable[[], Awaitable[str]]
"""Does what was asked, and returns what it did; raises `ActionFailed` or anything else."""

_MAINTENANCE = {ControlAction.MAINTENANCE_ON: True, ControlAction.MAINTENANCE_OFF: False}


class ActionFailed(Exception):
    """It could not be done, and nothing changed; the text is a sentence for the operator."""


class Controls:
    """Looks for requests every second, and when `wake` is set, and does each once.

    `maintain` is told of the mode: before the first connection, and whenever it changes.
    """

    def __init__(
        self,
        bot: str,
        maintain: Callable[[bool], None],
        actions: Mapping[ControlAction, Action],
    ) -> None:
        self._bot = bot
        self._maintain = maintain
        self._actions = actions
        self.wake = asyncio.Event()
        """Set by who knows that there may be something to do; without it a second passes."""

    async def learn_mode(self) -> None:
        """Take on the mode that the database has. Raises what that raises."""
        mode = await in_database(control.mode)
        self._maintain(mode.maintenance)

    async def run(self) -> None:
        """Look for requests for ever; end it by cancelling."""
        await every(LOOK_SECONDS, self.look, wake=self.wake)

    async def look(self) -> None:
        """Do what is asked for now, and keep to the mode, which another process may have set."""
        mode, waiting = await in_database(lambda: (control.mode(), control.pending(self._bot)))
        self._maintain(mode.maintenance)
        for asked in waiting:
            await self._do(asked)

    async def _do(self, asked: ControlRequest) -> None:
        action = ControlAction(asked.action)
        if action in _MAINTENANCE:
            # Before it is said to be done; a request that nobody waits for any more sets no mode.
            before = (await in_database(control.mode)).maintenance
            self._maintain(_MAINTENANCE[action])
            try:
                taken = await in_database(control.answer, asked.id, bot=self._bot, ok=True)
            except BaseException:
                self._maintain(before)
                raise
            if not taken:
                self._maintain(before)
            return
        ok, detail = await self._carry_out(action, asked)
        if not await in_database(control.answer, asked.id, bot=self._bot, ok=ok, detail=detail):
            logger.warning("%s came too late to be answered: %s", action, detail)

    async def _carry_out(self, action: ControlAction, asked: ControlRequest) -> tuple[bool, str]:
        age = (timezone.now() - asked.requested_at).total_seconds()
        left = control.ANSWER_SECONDS - ANSWERING_SECONDS - age
        try:
            async with asyncio.timeout(left):
                return True, await self._actions[action]()
        except ActionFailed as failed:
            return False, str(failed)
        except KeyError:
            return False, "this bot cannot do that"
        except TimeoutError:
            return False, f"it took longer than {max(left, 0):.0f} s and was given up"
        except DatabaseError as error:
            return False, f"the database refused it ({type(error).__name__})"
        except Exception as error:
            logger.exception("%s failed", action)
            return False, f"it failed ({type(error).__name__}); the log of the bot has the rest"
