"""One hub in each web process: takes frames from the channel layer, gives them to its sockets.

`tail` keeps the order, `intake` listens to the layer, `link` is the way out to one browser,
`hub` ties them together. Nobody else subscribes to the layer.
"""

from dashboard.hub.hub import Connection, Hub, TooManySockets, current_hub
from dashboard.hub.link import KeepSend, Link, link_for

__all__ = ["Connection", "Hub", "KeepSend", "Link", "TooManySockets", "current_hub", "link_for"]
