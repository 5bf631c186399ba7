"""Every setting of Aurora, read once from the environment (or `.env`) and typed.

`.env.example` lists the variables. A wrong value ends the process with one line a variable that
names it, says what is wrong and what to do.
"""

import hashlib
import os
import re
import secrets
import sys
import tempfile
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Never, cast
from urllib.parse import urlsplit

from environs import Env, EnvValidationError, validate
from marshmallow import ValidationError

from dashboard.hosts import host_of, is_loopback, origin_of
from dashboard_project.light import without

with without("OpenSSL"):  # Twisted's TLS: ours ends in a proxy
    import daphne.server  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent

# ---------------------------------------------------------------------------- reading

# The values of these are never printed, not even when they are wrong.
_SECRET_VARIABLES = {
    "DATABASE_URL",
    "DEMO_ADMIN_PASSWORD",
    "DISCORD_TOKEN",
    "METRICS_TOKEN",
    "REDIS_URL",
    "SECRET_KEY",
}

_REMEDIES = {
    "ALLOWED_HOSTS": "Give host names separated by commas, such as dashboard.example.org.",
    "ALLOWED_ORIGINS": "Give origins separated by commas, such as https://dashboard.example.org.",
    "DATABASE_URL": "Give postgres://USER:PASSWORD@HOST:5432/NAME or sqlite:////path/to/file;"
    " in a password / is written %2F, # %23, ? %3F and @ %40.",
    "DEBUG": "Set it to true or false.",
    "DISCORD_API_URL": "Leave it out for Discord; an emulated one is http://127.0.0.1:PORT/api/v10.",
    "DISCORD_GATEWAY_URL": "Leave it out for Discord; an emulated one is ws://127.0.0.1:PORT/.",
    "LOG_FORMAT": "Set it to json or text.",
    "LOG_LEVEL": "Set it to DEBUG, INFO, WARNING or ERROR.",
    "METRICS_TOKEN": "Give 20 random letters and digits or more, or leave it out.",
    "PORT": "Give a port number from 1 to 65535.",
    "REDIS_URL": "Give redis://HOST:6379/0, rediss://... or unix:///path/to/socket;"
    " leave it out for the embedded broker."
    " In a password / is written %2F, # %23, ? %3F and @ %40.",
    "TRUSTED_PROXIES": "Give addresses or networks of your proxies, such as 127.0.0.1,10.0.0.0/8.",
    "SECRET_KEY": "Give at least 50 random characters, or leave it out: one is made in DATA_DIR.",
}


def _stop(*lines: str) -> Never:
    """End the process with `lines` on standard error; starting it again does not help."""
    sys.stderr.write("".join(f"aurora: {line}\n" for line in lines))
    sys.exit(os.EX_CONFIG)


def _explain(error: EnvValidationError) -> list[str]:
    """Turn the reader's findings into one line a variable: name, what is wrong, remedy."""
    lines = []
    messages = cast("dict[str, list[Any]]", error.error_messages)
    for name, found in messages.items():
        problems = [text for item in found for text in (item if isinstance(item, list) else [item])]
        value = os.environ.get(name)  # None if it stands in .env
        shown = "" if value is None or name in _SECRET_VARIABLES else f"={_readable(value)!r}"
        remedy = _REMEDIES.get(name, ".env.example tells its meaning and default.")
        lines.append(f"{name}{shown} is wrong: {' '.join(map(str, problems))} {remedy}")
    return lines


def _readable(value: str) -> str:
    """Return the beginning of `value`, without the user and the password of a URL."""
    return re.sub(r"(?<=//)[^/,]*@", "[secret]@", value)[:80]


def _url(*schemes: str) -> Any:
    """A validator: a URL with one of `schemes`, and a port that exists."""

    def check(value: str) -> None:
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            # Their own words would quote what may be the beginning of a password.
            raise ValidationError("Its host or port cannot be one.") from None
        if parts.scheme not in schemes:
            raise ValidationError(f"It does not start with {' or '.join(schemes)}.")

    return check


def _discord_or_loopback(value: str) -> None:
    """Refuse any host that is neither Discord's nor this machine: the token would go there."""
    host = urlsplit(value).hostname
    if host not in {"discord.com", "gateway.discord.gg", "localhost", "127.0.0.1", "::1"}:
        raise ValidationError("It is neither Discord's own host nor this machine.")


def _origins(values: list[str]) -> None:
    """Refuse what no browser sends: a socket's origin is compared to the letter."""
    for value in values:
        _url("http", "https")(value)
        if value.lower() != origin_of(value):
            raise ValidationError(
                f"A browser's origin there is {origin_of(value)!r}."
                if host_of(value)
                else "It is not scheme://host or scheme://host:port."
            )


def _networks(values: list[str]) -> None:
    for value in values:
        try:
            ip_network(value, strict=False)
        except ValueError as error:
            raise ValidationError(f"{error}.") from None


def _at_least(minimum: float) -> Any:
    return validate.Range(min=minimum, error=f"It must be {minimum:g} or more.")


def _absent_or(check: Any) -> Any:
    return lambda value: check(value) if value else None


def _absent_or_long(value: str) -> None:
    if value and len(value) < 50:
        raise ValidationError("It has fewer than 50 characters.")


def _absent_or_bearer_token(value: str) -> None:
    if value and (len(value) < 20 or not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", value)):
        raise ValidationError("It is not 20 or more letters, digits and -._~+/ (RFC 6750).")


class _Reader(Env):
    """Takes a variable that is set to nothing for one that is not set, as `.env.example` says."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        value = super()._get_value(env_key, default)
        return default if value == "" else value


env = _Reader(eager=False)
if env.bool("READ_DOTENV", True):  # the test suite turns it off: it must not depend on a local file
    env.read_env(BASE_DIR / ".env", recurse=False)

DEBUG: bool = env.bool("DEBUG", False)
PORT: int = env.int("PORT", 8000, validate=validate.Range(min=1, max=65535))
LOG_LEVEL: str = env.str(
    "LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])
)
LOG_FORMAT: str = env.str("LOG_FORMAT", "", validate=validate.OneOf(["", "json", "text"]))
ACCESS_LOG: bool | None = env.bool("ACCESS_LOG", None)
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()
STATIC_DIR: str = env.str("STATIC_DIR", "")
SECRET_KEY: str = env.str("SECRET_KEY", "", validate=_absent_or_long)
DEMO_ADMIN_PASSWORD: str = env.str("DEMO_ADMIN_PASSWORD", "")  # only `make run` reads it
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
ALLOWED_ORIGINS: list[str] = env.list("ALLOWED_ORIGINS", [], validate=_origins)

# Whose X-Forwarded-For is believed. Nobody's unless named: anybody can write one.
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", [], validate=_networks)

_database_url: str = env.str(
    "DATABASE_URL",
    f"sqlite:///{DATA_DIR / 'aurora.sqlite3'}",
    validate=_url("sqlite", "postgres", "postgresql"),
)
_database: dict[str, Any] = env.dj_db_url("DATABASE_URL", _database_url)
REDIS_URL: str = env.str("REDIS_URL", "", validate=_absent_or(_url("redis", "rediss", "unix")))
# Sign and encrypt what travels through Redis, so that a stranger on it can neither read nor forge.
REDIS_ENCRYPTED: bool | None = env.bool("REDIS_ENCRYPTED", None)

DISCORD_TOKEN: str = env.str("DISCORD_TOKEN", "")
DISCORD_API_URL: str = env.str(
    "DISCORD_API_URL",
    "https://discord.com/api/v10",
    validate=[_url("http", "https"), _discord_or_loopback],
)
DISCORD_GATEWAY_URL: str = env.str(
    "DISCORD_GATEWAY_URL",
    "wss://gateway.discord.gg/",
    validate=[_url("ws", "wss"), _discord_or_loopback],
)

# In production what is unsafe stops the start: dashboard/checks.py.
PRODUCTION: bool = env.bool("PRODUCTION", False)
HSTS_SECONDS: int = env.int("HSTS_SECONDS", 31_536_000, validate=_at_least(0))
METRICS_TOKEN: str = env.str("METRICS_TOKEN", "", validate=_absent_or_bearer_token)
# The certificate that the bot trusts instead of the authorities of the machine.
DISCORD_CA_FILE: str = env.str("DISCORD_CA_FILE", "")

# The bot.
BOT_HEARTBEAT_SECONDS: float = env.float("BOT_HEARTBEAT_SECONDS", 5.0, validate=_at_least(0.1))
BOT_SAMPLE_SECONDS: float = env.float("BOT_SAMPLE_SECONDS", 60.0, validate=_at_least(0.1))
BOT_OFFLINE_AFTER_SECONDS: float = env.float(
    "BOT_OFFLINE_AFTER_SECONDS", 10.0, validate=_at_least(0.2)
)

# What is kept, and for how long.
EVENT_RETENTION_DAYS: int = env.int("EVENT_RETENTION_DAYS", 0, validate=_at_least(0))
SAMPLE_RETENTION_DAYS: int = env.int(
    "SAMPLE_RETENTION_DAYS", 90, validate=_absent_or(_at_least(62))
)

STARTUP_WAIT_SECONDS: float = env.float("STARTUP_WAIT_SECONDS", 10.0, validate=_at_least(0))

# The stream and its sockets.
STATS_INTERVAL_SECONDS: float = env.float("STATS_INTERVAL_SECONDS", 5.0, validate=_at_least(0.1))
REPLAY_EVENTS_MAX: int = env.int("REPLAY_EVENTS_MAX", 500, validate=_at_least(1))
SOCKETS_PER_PROCESS_MAX: int = env.int("SOCKETS_PER_PROCESS_MAX", 5000, validate=_at_least(1))
SOCKETS_PER_USER_MAX: int = env.int("SOCKETS_PER_USER_MAX", 20, validate=_at_least(1))
SOCKET_MESSAGE_MAX_BYTES: int = env.int("SOCKET_MESSAGE_MAX_BYTES", 16384, validate=_at_least(64))
SOCKET_MESSAGES_PER_SECOND_MAX: int = env.int(
    "SOCKET_MESSAGES_PER_SECOND_MAX", 10, validate=_at_least(1)
)
SOCKET_UNSENT_MAX_BYTES: int = env.int(
    "SOCKET_UNSENT_MAX_BYTES", 1_048_576, validate=_at_least(4096)
)
SOCKET_STALLED_SECONDS: float = env.float("SOCKET_STALLED_SECONDS", 30.0, validate=_at_least(0.1))
SOCKET_DIRECT_WRITES: bool = env.bool("SOCKET_DIRECT_WRITES", True)
SOCKET_RECHECK_SECONDS: float = env.float("SOCKET_RECHECK_SECONDS", 25.0, validate=_at_least(0.1))

# The sign-in: so many failures of a name from one address, then a pause.
SIGN_IN_FAILURES_MAX: int = env.int("SIGN_IN_FAILURES_MAX", 5, validate=_at_least(1))
SIGN_IN_COOL_OFF_MINUTES: float = env.float(
    "SIGN_IN_COOL_OFF_MINUTES", 15.0, validate=_at_least(0.01)
)

# The economy, in whole coins and days: docs/economy.md has the rule.
DAILY_BASE_COINS: int = env.int("DAILY_BASE_COINS", 100, validate=_at_least(0))
DAILY_STREAK_COINS: int = env.int("DAILY_STREAK_COINS", 10, validate=_at_least(0))
DAILY_WEEKLY_COINS: int = env.int("DAILY_WEEKLY_COINS", 100, validate=_at_least(0))
DAILY_MAX_COINS: int = env.int("DAILY_MAX_COINS", 500, validate=_at_least(1))
TRANSFER_MIN_COINS: int = env.int("TRANSFER_MIN_COINS", 1, validate=_at_least(1))

try:
    env.seal()
except EnvValidationError as _error:
    _stop(*_explain(_error))

ALLOWED_ORIGINS = [origin.lower() for origin in ALLOWED_ORIGINS] or [
    origin_of(f"http://{host}:{PORT}") for host in ("localhost", "127.0.0.1")
]
# Somebody's host is outside: so are the others who can reach it.
PRODUCTION = PRODUCTION or not all(
    map(is_loopback, [*ALLOWED_HOSTS, *map(host_of, ALLOWED_ORIGINS)])
)
LOG_FORMAT = LOG_FORMAT or ("json" if PRODUCTION else "text")
if ACCESS_LOG is None:
    ACCESS_LOG = PRODUCTION
if REDIS_ENCRYPTED is None:
    REDIS_ENCRYPTED = not is_loopback(host_of(REDIS_URL))

# ---------------------------------------------------------------------------- embedded defaults

try:
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as _error:
    _stop(
        f"DATA_DIR={str(DATA_DIR)!r} is wrong: {_error.strerror}. Name a folder you may write to."
    )


def _own_secret_key() -> str:
    """Return the key kept in DATA_DIR; the first process to ask makes it, for all of them."""
    path = DATA_DIR / "secret_key"
    draft = path.with_name(f"secret_key.{os.getpid()}")
    if not path.exists():
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # atomic, and keeps the first one
        except FileExistsError:
            pass
        draft.unlink()
    return path.read_text()


def _embedded_broker_socket() -> Path:
    """Return where the embedded broker listens: a unix socket path must stay under 108 bytes."""
    path = DATA_DIR / "broker.sock"
    if len(os.fsencode(path)) < 100:
        return path
    digest = hashlib.sha256(os.fsencode(DATA_DIR)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"aurora-{os.getuid()}-{digest}" / "broker.sock"


SECRET_KEY = SECRET_KEY or _own_secret_key()
EMBEDDED_BROKER_SOCKET = _embedded_broker_socket()
REDIS_URL = REDIS_URL or f"unix://{EMBEDDED_BROKER_SOCKET}"

# ---------------------------------------------------------------------------- Django

INSTALLED_APPS = [
    "daphne",  # first, so that runserver speaks ASGI
    "dashboard.admin_config.AuroraAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "dashboard",  # before axes: it hears of a refused sign-in before that locks
    "axes",
    "economy",
    "botworker",
]

MIDDLEWARE = [
    "dashboard.headers.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.middleware.Compressed",  # files were compressed when they were collected
    "django.contrib.sessions.middleware.SessionMiddleware",
    "dashboard.probes.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.middleware.remember_who_acts",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # makes of a lock an answer
]

ROOT_URLCONF = "dashboard_project.urls"
ASGI_APPLICATION = "dashboard_project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# 0 under ASGI, where a kept connection leaks; `runbot` raises it for its own process.
DATABASES = {"default": {**_database, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE serialises writers before they read; with the defaults one in five fails locked.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
else:
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        # A database that is gone without a word is noticed in about 10 s, asked or answering.
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        **DATABASES["default"].get("OPTIONS", {}),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            # No timeout on the socket: a quiet subscription is not a broken one.
            "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
            "symmetric_encryption_keys": [SECRET_KEY] if REDIS_ENCRYPTED else None,
        },
    }
}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # says no, or leaves it to the next
    "django.contrib.auth.backends.ModelBackend",
]
AXES_HANDLER = "dashboard.attempts.Attempts"
AXES_LOCKOUT_PARAMETERS = [["ip_address", "username"]]
AXES_FAILURE_LIMIT = SIGN_IN_FAILURES_MAX
AXES_COOLOFF_TIME = timedelta(minutes=SIGN_IN_COOL_OFF_MINUTES)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "dashboard.attempts.place_of"
AXES_USERNAME_CALLABLE = "dashboard.attempts.name_of"
AXES_CLIENT_STR_CALLABLE = "dashboard.attempts.told"
AXES_LOCKOUT_CALLABLE = "dashboard.attempts.refuse"
AXES_SENSITIVE_PARAMETERS = ["username", "password", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True  # the audit log has it
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"

_https = all(origin.startswith("https://") for origin in ALLOWED_ORIGINS)
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True  # the forms carry the token; no script reads it
CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SAMESITE = "Lax"  # a link in a chat leads to a page, not to the sign-in
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked without the proxy
SECURE_HSTS_SECONDS = HSTS_SECONDS if _https else 0
# Other hosts of the same domain, and a browser's built-in list, are not ours to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Nobody uploads anything; the largest form is the admin's. `runweb` holds every body to it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 1

DEFAULT_EXCEPTION_REPORTER = "dashboard_project.reports.Reporter"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(STATIC_DIR) if STATIC_DIR else DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ("uplot", BASE_DIR / "node_modules" / "uplot" / "dist")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dashboard_project.staticfiles.HashedModules"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "dashboard_project.logs.formatter", "form": LOG_FORMAT}},
    "filters": {
        "without_traceback": {"()": "dashboard_project.logs.WithoutTraceback"},
        "answered": {"()": "dashboard_project.logs.AnsweredAsWarnings"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["answered"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # At DEBUG discord.py prints interaction tokens.
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL},
        "aurora.access": {"level": LOG_LEVEL if ACCESS_LOG else "WARNING"},
        "axes": {"level": "WARNING"},
        "discord": {"level": "INFO" if LOG_LEVEL == "DEBUG" else LOG_LEVEL},
        "discord.client": {"level": "WARNING", "filters": ["without_traceback"]},
        "discord.shard": {"level": "WARNING", "filters": ["without_traceback"]},
    },
}
