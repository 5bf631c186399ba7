"""What programs ask of a process, not people: is it there, is it ready, how is it doing?"""

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware import common
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class CommonMiddleware(common.CommonMiddleware):
    """Django's, which refuses foreign hosts; but probes ask this very process, by any name."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Let a probe pass."""
        return None if request.path in PATHS else super().process_request(request)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200: this process serves."""
    return HttpResponse("ok\n", content_type="text/plain")
