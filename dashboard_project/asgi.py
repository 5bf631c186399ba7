"""The ASGI application that Daphne serves."""

import os
from typing import Any, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
django.setup(set_prefix=False)  # what follows needs it

from channels.routing import ProtocolTypeRouter  # noqa: E402

from dashboard.asgi_handler import Handler  # noqa: E402
from dashboard.headers import Complete  # noqa: E402
from dashboard.requests_log import Logged  # noqa: E402
from dashboard.routing import websocket  # noqa: E402

application = Logged(
    ProtocolTypeRouter({"http": Complete(cast(Any, Handler())), "websocket": websocket})
)
