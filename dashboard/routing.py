"""Which socket address leads where."""

from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.urls import path, re_path

from dashboard.consumers import Socket, admit
from dashboard.origins import ExactOrigin, refuse

websocket = Socket(
    ExactOrigin(
        AuthMiddlewareStack(
            URLRouter([path("ws", cast(Any, admit)), re_path("", cast(Any, refuse))])
        )
    )
)
