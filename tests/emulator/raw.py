"""A client that is not discord.py: bare aiohttp, so that no library hides what was said."""

import asyncio
import json
import zlib
from types import TracebackType
from typing import Any, Self

import aiohttp
import zstandard

from botworker.emulator import EmulatedDiscord

Json = dict[str, Any]


def _payload(text: str | bytes) -> Json:
    payload: Json = json.loads(text)
    return payload


class RawSocket:
    """One gateway connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, compress: str | None) -> None:
        self.socket = socket
        self.ready: Json = {}
        self._compress = compress
        self._zlib = zlib.decompressobj()
        self._zstd = zstandard.ZstdDecompressor().decompressobj()

    async def send(self, op: int, data: Any = None) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def receive(self) -> Json:
        """The next payload; ConnectionError with the close code when there is none."""
        async with asyncio.timeout(5):
            message = await self.socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return _payload(message.data)
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise ConnectionError(self.socket.close_code)
        if self._compress == "zlib-stream":
            assert message.data.endswith(b"\x00\x00\xff\xff")
            return _payload(self._zlib.decompress(message.data))
        if self._compress == "zstd-stream":
            return _payload(self._zstd.decompress(message.data))
        return _payload(zlib.decompress(message.data))

    async def until(self, wanted: int | str) -> Json:
        """The next payload with this opcode or event name."""
        while True:
            payload = await self.receive()
            if wanted in {payload["op"], payload["t"]}:
                return payload

    async def closed(self) -> int | None:
        """Read to the end and tell the close code."""
        try:
            while True:
                await self.receive()
        except ConnectionError:
            return self.socket.close_code


class RawClient:
    """REST and gateway by hand."""

    def __init__(self, emulated: EmulatedDiscord) -> None:
        self.emulated = emulated
        self._http = aiohttp.ClientSession()
        self._sockets: list[RawSocket] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for raw in self._sockets:
            await raw.socket.close()
        await self._http.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        data: Any = None,
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers of one request; `path` may be a whole address."""
        sent = {"Authorization": f"Bot {token or self.emulated.token}", **(headers or {})}
        async with self._http.request(
            method,
            path if "://" in path else self.emulated.api_url + path,
            json=body,
            data=data,
            headers=sent,
        ) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, dict(response.headers)

    async def sync(self, *commands: Json) -> Any:
        """Overwrite the global commands."""
        path = f"/applications/{self.emulated.world.bot.id}/commands"
        status, body, _ = await self.call("PUT", path, list(commands))
        assert status == 200, body
        return body

    async def connect(self, query: str = "v=10&encoding=json") -> RawSocket:
        """A socket that has not said anything."""
        compress = dict(part.split("=") for part in query.split("&")).get("compress")
        raw = RawSocket(
            await self._http.ws_connect(f"{self.emulated.gateway_url}?{query}"), compress
        )
        self._sockets.append(raw)
        return raw

    def identity(self, **more: Any) -> Json:
        """The data of IDENTIFY."""
        properties = {"os": "linux", "browser": "raw", "device": "raw"}
        return {"token": self.emulated.token, "properties": properties, "intents": 1, **more}

    async def identify(self, query: str = "v=10&encoding=json", **more: Any) -> RawSocket:
        """A socket that has identified and read READY."""
        raw = await self.connect(query)
        await raw.until(10)
        await raw.send(2, self.identity(**more))
        raw.ready = await raw.until("READY")
        return raw

    async def answer(self, interaction: Json, kind: int, data: Any = None) -> tuple[int, Any]:
        """Answer an interaction: status and body."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
        body = {"type": kind, "data": data} if data is not None else {"type": kind}
        status, content, _ = await self.call("POST", f"{path}?with_response=true", body)
        return status, content
