"""Which socket address leads where."""

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings
from django.urls import path

from dashboard.consumers import DashboardConsumer
from dashboard.hub import KeepSend
from dashboard.origins import ExactOrigin

websocket = KeepSend(
    ExactOrigin(
        AuthMiddlewareStack(URLRouter([path("ws", DashboardConsumer.as_asgi())])),
        settings.ALLOWED_ORIGINS,
    )
)
