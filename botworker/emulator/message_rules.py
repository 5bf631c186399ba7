"""What Discord accepts as the body of a message."""

from datetime import datetime
from typing import Any, Protocol

from botworker.emulator.component_rules import check_components
from botworker.emulator.errors import DiscordError, InvalidForm
from botworker.emulator.message_types import check_types
from botworker.emulator.url_rules import check_url

Json = dict[str, Any]

MAX_CONTENT = 2000
MAX_EMBEDS = 10
MAX_EMBED_CHARACTERS = 6000
MAX_FIELDS = 25
EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15
SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 12

_EMBED_LENGTHS = {"title": 256, "description": 4096}
_PAGES, _PICTURES = ("http", "https"), ("http", "https", "attachment")
_EMBED_URLS = {
    "url": _PAGES,
    "author.url": _PAGES,
    "author.icon_url": _PICTURES,
    "footer.icon_url": _PICTURES,
    "image.url": _PICTURES,
    "thumbnail.url": _PICTURES,
}


class Shown(Protocol):
    """A message that is there."""

    flags: int
    content: str
    embeds: list[Json]
    components: list[Json]
    attachments: list[Json]


def check_edit(body: Json, message: Shown, *, path: str = "", files: int = 0) -> None:
    """Refuse what `check_message` does, and what would leave nothing of `message`."""
    check_message(body, path=path, editing=True, flags=message.flags & COMPONENTS_V2)
    parts = ("content", "embeds", "components", "attachments")
    if not files and not any(body.get(key, getattr(message, key)) for key in parts):
        raise DiscordError(400, 50006, "Cannot send an empty message")


def check_message(
    body: Json, *, path: str = "", editing: bool = False, files: int = 0, flags: int = 0
) -> None:
    """Refuse with 400/50035 (or 50006 when empty) what Discord would refuse as a message.

    `flags` are those that the message has already.
    """
    form = InvalidForm()
    check_types(form, path, body)
    form.raise_if_any()
    prefix = f"{path}." if path else ""
    _content(form, f"{prefix}content", body.get("content"))
    _embeds(form, f"{prefix}embeds", body.get("embeds"))
    flags |= body.get("flags") or 0
    modern = bool(flags & COMPONENTS_V2)
    check_components(form, f"{prefix}components", body.get("components"), modern=modern)
    _mentions(form, f"{prefix}allowed_mentions", body.get("allowed_mentions"))
    if modern and (body.get("content") or body.get("embeds")):
        form.add(
            f"{prefix}content",
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
        )
    form.raise_if_any()
    something = any(body.get(key) for key in ("embeds", "components", "poll"))
    something = something or bool((body.get("content") or "").strip())
    if not editing and not something and not files and not body.get("sticker_ids"):
        raise DiscordError(400, 50006, "Cannot send an empty message")


def _content(form: InvalidForm, path: str, content: Any) -> None:
    if content is None:
        return
    if not isinstance(content, str):
        form.add(path, "STRING_TYPE_CONVERT", "Could not interpret as string.")
    elif len(content) > MAX_CONTENT:
        form.bad_length(path, 0, MAX_CONTENT)


def _embeds(form: InvalidForm, path: str, embeds: Any) -> None:
    if embeds is None:
        return
    if not isinstance(embeds, list):
        form.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if len(embeds) > MAX_EMBEDS:
        form.bad_length(path, 0, MAX_EMBEDS)
    total = 0
    for at, embed in enumerate(embeds):
        if not isinstance(embed, dict):
            where = f"{path}.{at}"
            form.add(where, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            continue
        total += _embed(form, f"{path}.{at}", embed)
    if total > MAX_EMBED_CHARACTERS:
        form.add(
            path,
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {MAX_EMBED_CHARACTERS}",
        )


def _embed(form: InvalidForm, path: str, embed: Json) -> int:
    total = 0
    for key, limit in _EMBED_LENGTHS.items():
        total += _text(form, f"{path}.{key}", embed.get(key), 0, limit)
    footer, author = embed.get("footer") or {}, embed.get("author") or {}
    total += _text(form, f"{path}.footer.text", footer.get("text"), 0, 2048)
    total += _text(form, f"{path}.author.name", author.get("name"), 0, 256)
    fields = embed.get("fields") or []
    if len(fields) > MAX_FIELDS:
        form.bad_length(f"{path}.fields", 0, MAX_FIELDS)
    for at, field in enumerate(fields):
        for key, limit in (("name", 256), ("value", 1024)):
            where = f"{path}.fields.{at}.{key}"
            if not field.get(key):
                form.required(where)
            total += _text(form, where, field.get(key), 1, limit)
    form.check_range(f"{path}.color", embed.get("color"), 0, 0xFFFFFF)
    for place, schemes in _EMBED_URLS.items():
        check_url(form, f"{path}.{place}", _inside(embed, place), schemes=schemes)
    _moment(form, f"{path}.timestamp", embed.get("timestamp"))
    empty = not any(
        embed.get(key)
        for key in ("title", "description", "fields", "footer", "author", "image", "thumbnail")
    )
    if empty:
        form.required(f"{path}.description")
    return total


def _inside(body: Json, place: str) -> Any:
    for part in place.split("."):
        body = (body or {}).get(part) or {}
    return body or None


def _moment(form: InvalidForm, path: str, text: str | None) -> None:
    """Note what is no moment in the form of ISO 8601."""
    try:
        datetime.fromisoformat(text or "1970-01-01")
    except ValueError:
        sentence = f"Could not parse {(text or '')[:100]}. Should be ISO8601."
        form.add(path, "DATE_TIME_TYPE_PARSE", sentence)


def _text(form: InvalidForm, path: str, text: Any, low: int, high: int) -> int:
    if text is None:
        return 0
    if not isinstance(text, str):
        text = str(text)
    if not low <= len(text) <= high:
        form.bad_length(path, low, high)
    return len(text)


def _mentions(form: InvalidForm, path: str, allowed: Any) -> None:
    if not isinstance(allowed, dict):
        return
    parse = allowed.get("parse") or []
    for at, kind in enumerate(parse):
        if kind not in {"roles", "users", "everyone"}:
            form.add(
                f"{path}.parse.{at}",
                "BASE_TYPE_CHOICES",
                "Value must be one of ('everyone', 'users', 'roles').",
            )
    for kind in ("users", "roles"):
        ids = allowed.get(kind) or []
        if len(ids) > 100:
            form.bad_length(f"{path}.{kind}", 0, 100)
        if ids and kind in parse:
            form.add(
                path,
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
