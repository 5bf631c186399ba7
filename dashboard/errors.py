"""What the dashboard refuses, as data; the words for it are chosen where it is shown."""


class DashboardError(Exception):
    """Base of everything the dashboard refuses."""


class EventTooLarge(DashboardError):
    """The `data` of an event encodes to more bytes than a row and a frame may carry."""

    def __init__(self, *, kind: str, size: int, limit: int) -> None:
        super().__init__(f"the data of {kind} takes {size} bytes, at most {limit} are kept")
        self.kind, self.size, self.limit = kind, size, limit
