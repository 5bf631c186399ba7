"""Refusals in the shape of Discord's API."""

from typing import Any

Json = dict[str, Any]


class DiscordError(Exception):
    """A refusal: the HTTP status, Discord's own code, its sentence, and where it applies."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        headers: dict[str, str] | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.headers = headers or {}
        self.extra = extra or {}

    def payload(self) -> Json:
        """The body Discord answers with."""
        body: Json = {"message": self.message, **self.extra, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


class InvalidForm:
    """Collects what is wrong with a body, field by field, and raises it all at once.

    A place has faults of its own or holds places that have: of two such the first one noted stays.
    """

    def __init__(self) -> None:
        self._errors: Json = {}

    def add(self, path: str, code: str, message: str) -> None:
        """Note that the field at `path` ("0.options.1.name", or "" for the body) is wrong."""
        place = self._errors
        for part in path.split(".") if path else ():
            if "_errors" in place:
                return
            place = place.setdefault(part, {})
        if place.keys() <= {"_errors"}:
            place.setdefault("_errors", []).append({"code": code, "message": message})

    def required(self, path: str) -> None:
        """Note that the field at `path` is missing."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def bad_length(self, path: str, low: int, high: int) -> None:
        """Note that the text or list at `path` is not between `low` and `high` long."""
        if low == 0:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        else:
            message = f"Must be between {low} and {high} in length."
            self.add(path, "BASE_TYPE_BAD_LENGTH", message)

    def check_length(self, path: str, value: str | list[Any] | None, low: int, high: int) -> None:
        """Note the text or list at `path` unless it is `low` to `high` long, or None."""
        if value is not None and not low <= len(value) <= high:
            self.bad_length(path, low, high)

    def check_range(self, path: str, value: float | None, low: float, high: float) -> None:
        """Note the number at `path` unless it is from `low` to `high`, or None."""
        if value is None or low <= value <= high:
            return
        side, limit = ("greater", low) if value < low else ("less", high)
        code = "NUMBER_TYPE_MIN" if value < low else "NUMBER_TYPE_MAX"
        self.add(path, code, f"int value should be {side} than or equal to {limit}.")

    def raise_if_any(self) -> None:
        """Refuse with 400/50035 when anything was noted."""
        if self._errors:
            raise DiscordError(400, 50035, "Invalid Form Body", errors=self._errors)


def unauthorized() -> DiscordError:
    """The token is missing, malformed or not the one accepted."""
    return DiscordError(401, 0, "401: Unauthorized")


def no_such_route() -> DiscordError:
    """Discord has no such route, or this emulation of it does not."""
    return DiscordError(404, 0, "404: Not Found")


_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "User": 10013,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
    "application command permissions": 10066,
    "Role": 10011,
}


def unknown(thing: str) -> DiscordError:
    """404 with the code Discord has for a `thing` that does not exist."""
    return DiscordError(404, _UNKNOWN[thing], f"Unknown {thing}")


def missing_access() -> DiscordError:
    """The bot is not there, or cannot see the channel."""
    return DiscordError(403, 50001, "Missing Access")


def missing_permissions() -> DiscordError:
    """The bot is there, but may not do this."""
    return DiscordError(403, 50013, "Missing Permissions")


def already_acknowledged() -> DiscordError:
    """The interaction has had its one first answer."""
    return DiscordError(400, 40060, "Interaction has already been acknowledged.")
