"""deploy/nginx, started as it is written but for ports and files, and attacked."""

import asyncio
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User

from dashboard_project.supervisor import die_with_parent
from tests.dashboard.sockets import Browser
from tests.environment import ROOT
from tests.project.processes import short_folder
from tests.web import LiveWeb, free_port

HOST = "dashboard.example.org"
SETTINGS = {
    "ALLOWED_HOSTS": HOST,
    "ALLOWED_ORIGINS": f"https://{HOST}",
    "SECRET_KEY": "Yc3Vv0pQ8rT1uW5xZ7aB2dE4fG6hJ9kL-mN_oPqRsTuVwXyZ012345",
    "TRUSTED_PROXIES": "127.0.0.1",
    "ACCESS_LOG": "true",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "DEBUG",
}
MAIN = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log info;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/conf.d/*.conf;
}}
"""


class Proxy:
    """nginx in front of web processes, on a port of this machine."""

    def __init__(self, folder: Path, webs: list[LiveWeb]) -> None:
        self.webs = webs
        self.port, self.plain_port = free_port(), free_port()
        self._folder = folder
        tls = folder / "tls"
        for name in ("tls", "conf.d"):
            (folder / name).mkdir()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-days", "1", "-subj", f"/CN={HOST}"]
            + ["-addext", f"subjectAltName=DNS:{HOST}"]
            + ["-keyout", str(tls / "privkey.pem"), "-out", str(tls / "fullchain.pem")],
            check=True,
            capture_output=True,
        )
        for name in ("aurora.conf", "upstream.conf"):
            text = (ROOT / "deploy" / "nginx" / name).read_text()
            text = text.replace("/etc/nginx/tls", str(tls))
            text = text.replace("listen 443", f"listen 127.0.0.1:{self.port}")
            text = text.replace("listen 80", f"listen 127.0.0.1:{self.plain_port}")
            for port, web in zip((8001, 8002), webs, strict=True):
                text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{web.port}")
            (folder / "conf.d" / name).write_text(text)
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
        self.context = ssl.create_default_context(cafile=str(tls / "fullchain.pem"))

    def __enter__(self) -> "Proxy":
        command = ["nginx", "-p", str(self._folder), "-c", str(self._folder / "nginx.conf")]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        self._process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent
        )
        while self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise RuntimeError((self._folder / "error.log").read_text())

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def connect(self, name: str = HOST) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        return self.context.wrap_socket(raw, server_hostname=name)

    def ask(self, *parts: bytes) -> bytes:
        """Send bytes and return all that comes back until nothing more does."""
        with self.connect() as connection:
            answer = b""
            try:
                for part in parts:
                    connection.sendall(part)
                while chunk := connection.recv(65536):
                    answer += chunk
            except (ConnectionError, ssl.SSLError):
                pass
            return answer

    def told(self) -> list[dict[str, object]]:
        """Return the access log of all web processes, which are stopped for it."""
        for web in self.webs:
            web.stop()
        lines = [line for web in self.webs for line in web.lines if line.startswith("{")]
        return [told for told in map(json.loads, lines) if told.get("logger") == "aurora.access"]


@pytest.fixture
def proxy(transactional_db: None, broker: object) -> Iterator[Proxy]:
    if shutil.which("nginx") is None or shutil.which("openssl") is None:
        reason = "there is no nginx in PATH: apt-get install nginx-light openssl"
        if os.environ.get("REQUIRE_NGINX") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with (
        short_folder() as folder,
        LiveWeb(SETTINGS) as one,
        LiveWeb(SETTINGS) as other,
        Proxy(folder, [one, other]) as running,
    ):
        yield running


def head(line: str, *headers: str, host: str = HOST) -> bytes:
    return "\r\n".join([line, f"Host: {host}", "Connection: close", *headers, "", ""]).encode()


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: dashboard.example.org\r\n\r\n"
POST = "POST /login/ HTTP/1.1"
LENGTH = f"Content-Length: {len(SMUGGLED) + 5}"
CHUNKED = "Transfer-Encoding: chunked"
END = b"0\r\n\r\n"

# What is sent, and the statuses with which it may be answered; 0 is a closed connection.
ATTACKS: list[tuple[str, bytes, set[int]]] = [
    ("CL.TE", head(POST, LENGTH, CHUNKED) + END + SMUGGLED, {400}),
    ("TE.CL", head(POST, CHUNKED, "Content-Length: 4") + b"38\r\n" + SMUGGLED + END, {400}),
    ("TE.TE: unknown coding", head(POST, CHUNKED, "Transfer-Encoding: x") + END + SMUGGLED, {400}),
    (
        "TE: xchunked",
        head(POST, LENGTH, "Transfer-Encoding: xchunked") + END + SMUGGLED,
        {400, 501},
    ),
    ("TE: chunked, identity", head(POST, "Transfer-Encoding: chunked, identity") + END, {501}),
    ("TE folded", head(POST, LENGTH, "Transfer-Encoding:\r\n chunked") + END + SMUGGLED, {400}),
    ("obs-fold", head("GET /login/ HTTP/1.1", "X-Note: a\r\n Content-Length: 9"), {400}),
    ("CL twice", head(POST, "Content-Length: 5", LENGTH) + END + SMUGGLED, {400}),
    ("CL: +5", head(POST, "Content-Length: +5") + END + SMUGGLED, {400}),
    ("CL : 5", head(POST, f"Content-Length : {len(SMUGGLED)}") + SMUGGLED, {400}),
    ("CL of 5,000 digits", head(POST, "Content-Length: " + "9" * 5000), {400, 413}),
    ("TE in HTTP/1.0", head("POST /login/ HTTP/1.0", CHUNKED, LENGTH) + END + SMUGGLED, {400}),
    ("bare LF", head(POST, "X: y\nTransfer-Encoding: chunked", LENGTH) + END + SMUGGLED, {400}),
    ("bare CR", head("GET /login/ HTTP/1.1", "X: y\rContent-Length: 9"), {400}),
    ("NUL in a header", head("GET /login/ HTTP/1.1", "X-Note: a\x00b"), {400}),
    ("chunk of 2^68", head(POST, CHUNKED) + b"FFFFFFFFFFFFFFFFF\r\n" + SMUGGLED, {400, 413}),
    ("no Host", b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", {400}),
    ("two Hosts", head("GET / HTTP/1.1", "Host: evil.example"), {400}),
    ("foreign Host", head("GET / HTTP/1.1", host="evil.example"), {0, 421}),
    ("absolute address", head("GET http://evil.example/ HTTP/1.1"), {0, 421}),
    ("/metrics", head("GET /metrics HTTP/1.1"), {404}),
    ("//metrics", head("GET //metrics HTTP/1.1"), {404}),
    ("/%6detrics", head("GET /%6detrics HTTP/1.1"), {404}),
    ("/readyz?", head("GET /x/../readyz? HTTP/1.1"), {404}),
    ("out of the root", head("GET /static/../../etc/passwd HTTP/1.1"), {400, 404}),
    ("body of 2 MB", head(POST, "Content-Length: 2000000"), {413}),
    ("endless chunks", head(POST, CHUNKED) + b"20000\r\n" + b"x" * 0x20000 + b"\r\n", {0, 413}),
    ("header of 20 KB", head("GET /login/ HTTP/1.1", "X-Note: " + "x" * 20_000), {400}),
    (
        "300 headers",
        head("GET /login/ HTTP/1.1", *(f"X-{n}: {'x' * 60}" for n in range(300))),
        {400},
    ),
    ("address of 20 KB", head(f"GET /{'x' * 20_000} HTTP/1.1"), {414}),
    ("Upgrade: h2c", head("GET /ws HTTP/1.1", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAA"), {404}),
    (
        "wrong socket version",
        head(
            "GET /ws HTTP/1.1",
            *("Upgrade: websocket", "Sec-WebSocket-Version: 777", f"Origin: https://{HOST}"),
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
        + SMUGGLED,
        {400, 426},
    ),
    ("socket of a foreign page", head("GET /ws HTTP/1.1", "Upgrade: websocket"), {403}),
    ("TLS answered in clear", b"\x16\x03\x01garbage\r\n\r\n", {400}),
]


def test_the_proxy_as_documented_withstands_malformed_and_smuggled_requests(proxy: Proxy) -> None:
    rows = []
    for name, request, allowed in ATTACKS:
        parts = [request] * 12 if name == "endless chunks" else [request]
        if name == "endless chunks":
            parts = [request, *[request.partition(b"\r\n\r\n")[2]] * 12]
        answer = proxy.ask(*parts)
        status = int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
        rows.append((name, status, status in allowed))
        print(f"| {name} | {status or 'closed'} |")
    assert [row for row in rows if not row[2]] == []
    spoof = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    spoof |= {"X_Real_IP": "6.6.6.6", "X-Forwarded-Proto": "http", "Daphne-Root-Path": "/evil"}
    told = head("GET /spoofed HTTP/1.1", *(f"{name}: {value}" for name, value in spoof.items()))
    answer = proxy.ask(told)
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"/evil" not in answer
    plain = socket.create_connection(("127.0.0.1", proxy.plain_port), timeout=20)
    with plain:
        plain.sendall(head("GET /login/ HTTP/1.1"))
        assert b" 308 " in plain.recv(65536).split(b"\r\n")[0]
    with pytest.raises(ssl.SSLError):
        proxy.connect("evil.example")
    seen = proxy.told()
    assert [line for line in seen if "smuggled" in str(line.get("path"))] == []
    assert {line["client"] for line in seen} == {"127.0.0.1"}
    assert any(line.get("path") == "/spoofed" for line in seen)


def test_what_the_proxy_answers_by_itself_has_the_headers_too(proxy: Proxy) -> None:
    for request in (head("GET /metrics HTTP/1.1"), head(POST, "Content-Length: 2000000")):
        headers = proxy.ask(request).split(b"\r\n\r\n")[0].lower()
        assert headers.count(b"content-security-policy:") == 1
        assert b"nosniff" in headers
        assert b"strict-transport-security:" in headers
    own = proxy.ask(head("GET /login/ HTTP/1.1")).split(b"\r\n\r\n")[0].lower()
    assert own.startswith(b"http/1.1 200")
    for name in (b"content-security-policy:", b"strict-transport-security:", b"referrer-policy:"):
        assert own.count(name) == 1


def _dawdle(proxy: Proxy, number: int) -> bytes:
    """Begin a request and never end it, adding a byte now and then; return how it is answered."""
    request = head(POST, "Content-Length: 1000")
    with proxy.connect() as connection:
        connection.sendall(request + b"x" if number % 2 else request[:30])
        connection.settimeout(0.5)
        while True:
            try:
                return connection.recv(65536)[9:12]
            except TimeoutError:
                if number % 4 == 0:
                    connection.sendall(b"x")
            except OSError:
                return b""


def test_slow_clients_are_let_go_and_others_are_served_meanwhile(proxy: Proxy) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(21) as pool:
        slow = [pool.submit(_dawdle, proxy, number) for number in range(20)]
        assert proxy.ask(head("GET /healthz HTTP/1.1")).endswith(b"ok\n")
        assert {one.result() for one in slow} <= {b"", b"408"}
    assert time.monotonic() - started < 25
    assert [line for line in proxy.told() if line.get("path") == "/login/"] == []


@pytest.fixture
def cookie(proxy: Proxy, viewer: User, settings: LazySettings) -> dict[str, str]:
    settings.SECRET_KEY = SETTINGS["SECRET_KEY"]  # what a session is signed with
    return proxy.webs[0].cookie(viewer)


async def test_a_socket_passes_the_proxy(proxy: Proxy, cookie: dict[str, str]) -> None:
    connector = aiohttp.TCPConnector(ssl=proxy.context)
    headers = {"Origin": f"https://{HOST}", "Host": HOST, "Cookie": f"sessionid={cookie['value']}"}
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.ws_connect(
            f"wss://127.0.0.1:{proxy.port}/ws", headers=headers, server_hostname=HOST
        ) as opened,
    ):
        page = Browser(opened)
        connection = opened.get_extra_info("socket")
        assert (await page.receive_until("STATS_UPDATE"))["live"] == "live"
        await page.send("PING", id="through")
        assert await page.receive_until("PONG") == {"id": "through"}
    # aiohttp does not wait until TLS is closed, and tells nobody when it is; the loop would end
    # before, and leave the connection to the garbage collector.
    while connection.fileno() != -1:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def test_the_configuration_names_what_is_to_be_changed() -> None:
    text = (ROOT / "deploy" / "nginx" / "aurora.conf").read_text()
    assert len(re.findall(rf"server_name {re.escape(HOST)};", text)) == 2
