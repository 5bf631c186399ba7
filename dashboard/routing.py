"""Which socket address leads where."""

from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.urls import path, re_path

from dashboard.consumers import DashboardConsumer
from dashboard.hub import KeepSend
from dashboard.origins import ExactOrigin, refuse

websocket = KeepSend(
    ExactOrigin(
        AuthMiddlewareStack(
            URLRouter([path("ws", DashboardConsumer.as_asgi()), re_path("", cast(Any, refuse))])
        )
    )
)
