"""The close codes of `/ws`: up to 4499 a browser comes back, from 4500 on it stays away."""

RESYNC = 4001
TOO_SLOW = 4008
SERVER_RESTARTING = 4009
TOO_MANY = 4029
PROTOCOL_ERROR = 4500
SESSION_ENDED = 4501
NOT_ALLOWED = 4503
