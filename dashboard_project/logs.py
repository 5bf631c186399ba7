"""How the log reads."""

import logging


class WithoutTraceback(logging.Filter):
    """Keeps each reconnect of discord.py to one line: `gateway.disconnected` tells the rest."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, without its stack."""
        record.exc_info = record.exc_text = None
        return True
