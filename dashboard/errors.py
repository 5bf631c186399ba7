"""What the dashboard refuses, as data; the words for it are chosen where it is shown."""


class DashboardError(Exception):
    """Base of everything the dashboard refuses."""


class EventTooLarge(DashboardError):
    """The `data` of an event encodes to more bytes than a row and a frame may carry."""

    def __init__(self, *, kind: str, size: int, limit: int) -> None:
        super().__init__(f"the data of {kind} takes {size} bytes, at most {limit} are kept")
        self.kind, self.size, self.limit = kind, size, limit


class ControlRefused(DashboardError):
    """A request to the bot that is not made; base of the reasons why."""


class ReasonMissing(ControlRefused):
    """Nothing readable was given as the reason."""


class RequestMismatch(ControlRefused):
    """The id of an earlier request came with another action, reason or person."""


class AlreadyPending(ControlRefused):
    """The bot has yet to answer another request about the same thing."""

    def __init__(self, *, action: str, requested_by: str) -> None:
        super().__init__(f"{action} by {requested_by} is still pending")
        self.action, self.requested_by = action, requested_by


class TooManyRequests(ControlRefused):
    """One person asked too often."""

    def __init__(self, *, limit: int, wait_seconds: int) -> None:
        super().__init__(f"more than {limit} requests a minute; wait {wait_seconds} s")
        self.limit, self.wait_seconds = limit, wait_seconds
