"""Django under ASGI, where no header of a client is an error of ours."""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponseBadRequest, parse_cookie
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property

logger = logging.getLogger("django.request")


def read_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a `Cookie` header, but for those that no database can look up.

    A quoted value may have a NUL in it, in octal; PostgreSQL takes that for an error.
    """
    return {name: value for name, value in parse_cookie(header).items() if "\0" not in value}


class Request(ASGIRequest):
    """A request whose forms are UTF-8: Django would decode parts by any codec that Python has."""

    @cached_property
    def COOKIES(self) -> dict[str, str]:  # type: ignore[override]
        """The cookies that were sent and can be looked up."""
        return read_cookies(self.META.get("HTTP_COOKIE", ""))

    def _load_post_and_files(self) -> None:
        try:
            if (self.encoding or "utf-8").lower() != "utf-8":
                raise BadRequest("Forms are UTF-8.")
            super()._load_post_and_files()
        except (BadRequest, LookupError, ValueError) as error:
            self._mark_post_parse_error()  # type: ignore[attr-defined]
            raise BadRequest("The form makes no sense.") from error


class Handler(ASGIHandler):
    """Answers 400 where Django's cannot even make a request: a `Content-Type` of no known codec."""

    request_class = Request

    def create_request(
        self, scope: Mapping[str, Any], body_file: Any
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        """Return the request, or else what it is refused with."""
        try:
            return super().create_request(scope, body_file)
        except (LookupError, ValueError) as error:
            logger.warning("Bad Request (%s)", type(error).__name__, extra={"status_code": 400})
            return None, HttpResponseBadRequest()
