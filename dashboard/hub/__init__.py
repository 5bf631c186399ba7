"""One hub in each web process: takes frames from the channel layer, gives them to its sockets.

`hub` knows the sockets, `log` keeps the log live and whole by what `intake` hears and the database
has, `tail` keeps its order, `connection` and `link` are the way out to one browser. `nudges` wakes
a bot. Nobody else subscribes to the layer.
"""

from dashboard.hub.connection import Connection
from dashboard.hub.hub import Hub, TooManySockets, current_hub
from dashboard.hub.link import Link, link_for
from dashboard.hub.log import LOG_GROUP
from dashboard.hub.nudges import Nudges

__all__ = [
    "LOG_GROUP",
    "Connection",
    "Hub",
    "Link",
    "Nudges",
    "TooManySockets",
    "current_hub",
    "link_for",
]
