"""What every answer tells a browser: only our own files, nothing inline, in nobody's frame."""

from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from dashboard.hub.link import Application, Receive, Scope, Send

# What a member typed can never become code: no inline script or style, and no foreign host.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_UNUSED = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media",
    "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get",
    "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip


def security_headers() -> dict[str, str]:
    """Return the headers of every answer, whatever its status. HSTS is one where all is https."""
    found = {
        "Content-Security-Policy": _POLICY,
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Permitted-Cross-Domain-Policies": "none",
    }
    if settings.SECURE_HSTS_SECONDS:
        found["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return found


class SecurityHeaders(MiddlewareMixin):
    """The first of Django's middleware: its answers are complete under any server."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add what is missing."""
        for name, value in security_headers().items():
            response.headers.setdefault(name, value)
        return response


class Complete:
    """ASGI: completes the answers that Django gives before its middleware, such as 413."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back with every header."""

        async def complete(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                message = {**message, "headers": completed(headers)}  # type: ignore[arg-type]
            await send(message)

        await self.application(scope, receive, complete)


def completed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return `headers` of an answer, with those of `security_headers` that they lack."""
    found = list(headers)
    given = {name.lower() for name, _ in found}
    wanted = ((name.encode(), value.encode()) for name, value in security_headers().items())
    return found + [(name, value) for name, value in wanted if name.lower() not in given]
