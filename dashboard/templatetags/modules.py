"""The ES module of a page, and all it imports asked for at once."""

import posixpath
import re
from functools import lru_cache

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_IMPORTED = re.compile(r"""^import\s[^;]*?["'](\.{1,2}/[^"']+)["'];""", re.MULTILINE)


@register.simple_tag
def module(name: str) -> SafeString:
    """Return the tag that runs the module `name`, and a preload for each module it leads to.

    Without them a browser finds imports level by level, one round trip each.
    """
    preloads = () if settings.DEBUG else _urls_behind(staticfiles_storage.stored_name(name))  # type: ignore[attr-defined]
    return format_html(
        '<script type="module" src="{}"></script>\n{}',
        static(name),
        format_html_join(
            "\n", '<link rel="modulepreload" href="{}">', ((url,) for url in preloads)
        ),
    )


@lru_cache
def _urls_behind(stored_name: str) -> tuple[str, ...]:
    """Return where to get each module that `stored_name` imports, directly or not, sorted.

    The name of a collected file tells its content, and that of those it imports.
    """
    found: set[str] = set()
    ahead = [stored_name]
    while ahead:
        name = ahead.pop()
        with staticfiles_storage.open(name) as file:
            text = file.read().decode()
        for imported in _IMPORTED.findall(text):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
            if path not in found:
                found.add(path)
                ahead.append(path)
    return tuple(f"{settings.STATIC_URL}{path}" for path in sorted(found))
