"""The ASGI application that Daphne serves."""

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
http = get_asgi_application()  # sets Django up, which what follows needs

from channels.routing import ProtocolTypeRouter  # noqa: E402

from dashboard.headers import Complete  # noqa: E402
from dashboard.requests_log import Logged  # noqa: E402
from dashboard.routing import websocket  # noqa: E402

application = Logged(
    ProtocolTypeRouter({"http": Complete(cast(Any, http)), "websocket": websocket})
)
