"""What every request passes through."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.decorators import sync_and_async_middleware

from dashboard import audit


class Compressed(GZipMiddleware):
    """Compresses what is answered whole; its length tells nothing exact (BREACH).

    What is streamed goes on as it is: it would be compressed in the loop that serves the sockets.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress `response` if whoever asked takes that."""
        if response.streaming:
            return response
        return super().process_response(request, response)


@sync_and_async_middleware
def remember_who_acts(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Let the audit log know whose request runs; below the authentication, above the views."""
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponseBase:
            with audit.request_of(request):
                answer: Awaitable[HttpResponseBase] = get_response(request)
                return await answer

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponseBase:
        with audit.request_of(request):
            response: HttpResponseBase = get_response(request)
            return response

    return in_thread
