"""What the bot did not answer in time is settled then, though nobody looks and no bot runs."""

import logging
import threading

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from dashboard import control

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 2.0


class Deadlines(threading.Thread):
    """Looks whenever a request becomes due, in every web process: whoever comes first settles it.

    A request lives for `control.ANSWER_SECONDS` and no two looks are further apart than that, so
    that its deadline is known in time to each process, whichever made it, and whichever has ended.
    """

    def __init__(self) -> None:
        super().__init__(name="deadlines", daemon=True)

    def run(self) -> None:
        """Look for ever."""
        wait = threading.Event()
        while True:
            wait.wait(self.look())

    def look(self) -> float:
        """Settle what is due; return after how many seconds to look again."""
        close_old_connections()
        try:
            return control.settle_and_wait(timezone.now())
        except Exception as error:  # whatever it is, the next look may succeed
            logger.warning(
                "cannot settle what the bot was asked (%s); tried again in %g s",
                type(error).__name__,
                AGAIN_SECONDS,
                exc_info=not isinstance(error, DatabaseError),
            )
            return AGAIN_SECONDS
        finally:
            close_old_connections()
