"""Every answer carries every header, whoever gives it: Django, Daphne, or what refuses first."""

import http.client
import socket
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from dashboard.headers import security_headers
from tests.dashboard.sockets import status_of
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("hunter2")


urlpatterns = [path("broken", broken), path("", include("dashboard_project.urls"))]


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(web: LiveWeb, path: str, method: str = "GET", **headers: str) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)) as connection:
        connection.request(method, path, headers=headers)
        with closing(connection.getresponse()) as answer:
            return Answer(answer.status, answer.headers, answer.read())


def raw(web: LiveWeb, request: bytes) -> bytes:
    """Send bytes, return all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def lacking(headers: Any) -> set[str]:
    given = {name.lower(): value for name, value in headers.items()}
    return {n for n, value in security_headers().items() if given.get(n.lower()) != value}


def test_the_policy_allows_nothing_inline_and_no_foreign_host():
    policy = security_headers()["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not {"unsafe", "*", "http", "data:", "blob:"} & set(policy.replace(";", " ").split())
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 302), ("/login/", 200), ("/nowhere", 404), ("/api/stats", 401), ("/healthz", 200),
        ("/favicon.ico", 302), ("/static/nothing.js", 404), ("/admin/", 302),
        ("/admin/login/", 200),
    ],
)  # fmt: skip
def test_every_answer_of_django_has_every_header(client: Client, address: str, status: int):
    answer = client.get(address)
    assert answer.status_code == status
    assert lacking(answer.headers) == set()


def test_refused_forms_and_foreign_hosts_are_answered_with_every_header(viewer: User):
    client = Client(enforce_csrf_checks=True)
    refused = client.post("/login/", {"username": "x", "password": "y"})
    assert refused.status_code == 403
    foreign = client.get("/", headers={"host": "evil.example"})
    assert foreign.status_code == 400
    assert lacking(refused.headers) == lacking(foreign.headers) == set()


@pytest.mark.urls(__name__)
def test_an_error_of_ours_is_answered_with_every_header_and_shows_nothing(client: Client):
    client.raise_request_exception = False
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert b"hunter2" not in answer.content
    assert lacking(answer.headers) == set()


def test_what_is_not_asked_of_django_has_every_header_as_well(live_web: LiveWeb, viewer: User):
    page = ask(live_web, "/login/").body.decode()
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]
    cookie = live_web.cookie(viewer)
    signed_in = {"Cookie": f"{cookie['name']}={cookie['value']}"}
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    own = {"Origin": live_web.url}
    asked = [
        (200, ask(live_web, style)),
        (400, ask(live_web, "/healthz", **{"X-Odd": "a\x0bb"})),
        (403, ask(live_web, "/ws", **upgrade, **key, **signed_in)),
        (403, ask(live_web, "/ws", **upgrade, **key, **own)),
        (400, ask(live_web, "/ws", **upgrade, **own)),
        (413, ask(live_web, "/login/", "POST", **{"Content-Length": "1048577"})),
    ]
    for status, answer in asked:
        assert answer.status == status
        assert lacking(answer.headers) == set(), status
        assert b"<style" not in answer.body


NO_HTTP = [
    b"GET\x00 / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"G ET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
]
HEAD = "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
PART = b"--a\r\nContent-Disposition: form-data; %s\r\n\r\nx\r\n--a--\r\n"


def test_what_cannot_be_understood_is_refused_and_never_an_error_of_ours(live_web: LiveWeb):
    def posted(of: str, body: bytes = PART % b"name=username") -> bytes:
        form = f"Content-Type: multipart/form-data; {of}\r\nContent-Length: {len(body)}\r\n"
        form += f"Cookie: csrftoken={'a' * 32}\r\n\r\n"  # so that the form is looked into
        return HEAD.format(method="POST", path="/login/").encode() + form.encode() + body

    refused = [(request, 400) for request in NO_HTTP]
    for codec in ("charset*=utf-8''%00", "charset*=nothing''x", "boundary*=rot13''a"):
        head = HEAD.format(method="GET", path="/healthz") + f"Content-Type: text/plain; {codec}"
        refused.append((head.encode() + b"\r\n\r\n", 200 if "rot13" in codec else 400))
    for of in (
        "boundary=a; charset=rot13",
        "boundary=a; charset=unicode_escape",
        "x",
    ):
        refused.append((posted(of), 400))
    for name in (b"name*=rot13''x", b"name*=utf-8''%00", b"filename*=nothing''x; name=x", b"x"):
        refused.append((posted("boundary=a", PART % name), 403))  # no token that is one
    for cookie in (r'sessionid="aaaaaaaa\000aaaaaaaa"', r'csrftoken="\000"'):
        head = HEAD.format(method="GET", path="/api/stats") + f"Cookie: {cookie}\r\n"
        refused.append((head.encode() + b"\r\n", 401))
    upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    head = HEAD.format(method="GET", path="/ws") + upgrade.format(key="dGhlIHNhbXBsZSBub25jZQ==")
    head += f'Origin: {live_web.url}\r\nCookie: sessionid="aaaaaaaa\\000aaaaaaaa"\r\n\r\n'
    refused.append((head.replace("Connection: close", "Connection: Upgrade").encode(), 403))
    for request, status in refused:
        answer = raw(live_web, request)
        assert int(answer[9:12] or 0) == status, (request[:300], answer[:100])
        head = answer.partition(b"\r\n\r\n")[0].decode("latin1")
        given = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        assert lacking(given) == set(), request[:300]
    assert not [line for line in live_web.lines if "Traceback" in line]


def test_a_body_that_is_too_long_is_refused_before_it_is_read_on_every_path(live_web: LiveWeb):
    for address in ("/login/", "/api/events", "/static/x.js", "/healthz", "/ws"):
        head = f"POST {address} HTTP/1.1\r\nHost: localhost\r\n".encode()
        announced = raw(live_web, head + b"Content-Length: 999999999999\r\n\r\n")
        assert announced.startswith(b"HTTP/1.1 413 ")
    head = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\n"
    chunk = b"20000\r\n" + b"x" * 0x20000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", live_web.port), timeout=20) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        answer = b""
        try:
            for _ in range(9):
                connection.sendall(chunk)
            answer = connection.recv(65536)
        except ConnectionError:  # it hung up while we sent
            pass
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")
    assert ask(live_web, "/healthz").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("address", ["/api/stats", "/api/stats/activity", "/api/events"])
def test_the_api_refuses_to_be_written_to_in_json(method: str, address: str):
    answer = Client(enforce_csrf_checks=True).generic(method, address)
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer.headers["Allow"] == "GET, HEAD"


OTHER_ORIGINS = [
    None, "null", "http://evil.example", "{url}.evil.example", "http://127.0.0.1:1", "http://[",
    "http://127.0.0.1:99999", "http://127.0.0.1:99999999999999999999", "{url}/", "{url} {url}",
    "{url}, {url}", "https:{url}", "//127.0.0.1", "http://[::1", "javascript:alert(1)", "ä",
]  # fmt: skip


@pytest.fixture
def cookie(live_web: LiveWeb, viewer: User) -> dict[str, str]:
    return live_web.cookie(viewer)


async def test_a_socket_from_any_other_origin_is_answered_with_403(
    live_web: LiveWeb, cookie: dict[str, str]
):
    for origin in OTHER_ORIGINS:
        given = origin and origin.format(url=live_web.url)
        assert await status_of(live_web, cookie, given) == 403, origin


@pytest.mark.parametrize("second", ["{url}", "https://evil.example"])
def test_a_socket_that_names_two_origins_is_answered_with_403(
    live_web: LiveWeb, cookie: dict[str, str], second: str
):
    own = f"Origin: {live_web.url}\r\n"
    other = f"Origin: {second.format(url=live_web.url)}\r\n"
    for origins in (own + other, other + own):
        request = (
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{live_web.port}\r\n{origins}"
            f"Cookie: {cookie['name']}={cookie['value']}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", live_web.port), timeout=20) as connection:
            connection.sendall(request.encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 403 ")


def test_under_https_cookies_are_secure_and_browsers_are_told_to_stay_there(
    start_web: Callable[..., LiveWeb], viewer: User
):
    web = start_web(
        ALLOWED_HOSTS="dashboard.example.org",
        ALLOWED_ORIGINS="https://dashboard.example.org",
        TRUSTED_PROXIES="127.0.0.1",
        SECRET_KEY="Yc3Vv0pQ8rT1uW5xZ7aB2dE4fG6hJ9kL-mN_oPqRsTuVwXyZ012345",
    )
    proxied = {"Host": "dashboard.example.org", "X-Forwarded-Proto": "https"}
    answer = ask(web, "/login/", **proxied)
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    for cookie in answer.headers.get_all("Set-Cookie", []):
        assert {"Secure", "HttpOnly"} <= set(cookie.split("; "))
        assert "SameSite" in cookie
    plain = ask(web, "/login/", Host="dashboard.example.org")
    assert (plain.status, plain.headers["Location"]) == (
        301,
        "https://dashboard.example.org/login/",
    )
    assert ask(web, "/healthz", Host="10.0.0.7:8000").status == 200
    assert ask(web, "/", Host="10.0.0.7:8000").status == 400
