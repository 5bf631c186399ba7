"""Every row of the drill: importing this package registers them, in the order of the table."""

from tests.drill.rows import broker, clients, load, publishing, resets, restarts, restores  # noqa: F401
