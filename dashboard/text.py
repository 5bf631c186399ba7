"""Text that strangers chose: names of guilds and members, reasons, messages."""

import unicodedata


def clean(text: str, limit: int) -> str:
    """Return `text` fit to be kept and shown: at most `limit` characters, no control characters.

    Removes NUL and the other control characters, lone surrogates, and the invisible format
    characters that reorder or hide what stands around them (bidi overrides, zero-width marks),
    except the joiners that emoji and some scripts are written with. A cut ends in an ellipsis.
    """
    kept = "".join(
        " " if character in "\t\n\r" else character
        for character in text[: limit * 4]
        if character in "\t\n\r\u200c\u200d"
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    ).strip()
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def storable(value: object) -> object:
    """Return a JSON value without what a database cannot keep: NUL and lone surrogates in text."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {str(storable(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
