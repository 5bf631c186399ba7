"""What Discord accepts as an address."""

from urllib.parse import urlsplit

from botworker.emulator.errors import InvalidForm


def check_url(
    form: InvalidForm,
    path: str,
    url: str | None,
    *,
    most: int = 2048,
    schemes: tuple[str, ...] = ("http", "https"),
) -> None:
    """Note an address that is too long, not well formed, or of another scheme; "" is none."""
    if not url:
        return
    if len(url) > most:
        form.bad_length(path, 0, most)
        return
    try:
        parts = urlsplit(url)
        well = bool(parts.scheme and parts.netloc) and not any(map(str.isspace, parts.netloc))
    except ValueError:
        form.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return
    if parts.scheme and parts.scheme not in schemes:
        sentence = f'Scheme "{parts.scheme}" is not supported. Scheme must be one of {schemes}.'
        form.add(path, "URL_TYPE_INVALID_SCHEME", sentence)
    elif not well:
        form.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
