"""What Channels' tutorial would have: a consumer for each socket, each in the group by itself.

The same server, layer, sign-in and settings as ours, to measure what the hub is good for.
"""

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402


class PlainConsumer(AsyncWebsocketConsumer):
    """Passes on every frame of the group."""

    groups = ["dashboard"]

    async def dashboard_frame(self, message: dict[str, Any]) -> None:
        """Send one frame."""
        await self.send(text_data=message["frame"])


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AuthMiddlewareStack(
            URLRouter([path("ws", cast(Any, PlainConsumer.as_asgi()))])
        ),
    }
)
