"""What every request passes through."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from dashboard import audit


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
