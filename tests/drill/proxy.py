"""A TCP proxy: a load balancer before web processes, or a black hole before the broker."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Self

CHUNK_BYTES = 65536
PATIENCE_SECONDS = 2.0

Target = int | Path
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Listens on a free port of this machine and passes connections on, to each target in turn.

    Several targets are a balancer's: one that is silent for `PATIENCE_SECONDS` is passed over.
    After `swallow` it takes what it is sent and gives nothing; a connection of that time is dead
    for ever, as behind a firewall that forgot it.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = list(targets)
        self._turn = 0
        self._swallows = False
        self._dead: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def swallow(self) -> None:
        """Become a black hole, for connections that are open too."""
        self._swallows = True
        self._dead |= self._open

    def pass_on(self) -> None:
        """Serve new connections again."""
        self._swallows = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        if self._swallows:
            self._dead.add(writer)
        try:
            first = await reader.read(CHUNK_BYTES)
            while writer in self._dead and await reader.read(CHUNK_BYTES):
                pass
            if not first or writer in self._dead:
                return
            if (way := await self._reach(first, writer)) is None:
                return
            try:
                await self._both_ways((reader, writer), way)
            finally:
                way[1].transport.abort()
        except (ConnectionError, asyncio.CancelledError):
            return  # one side broke off, or the drill is over: so does the other side
        finally:
            self._open.discard(writer)
            self._dead.discard(writer)
            writer.transport.abort()

    async def _reach(self, first: bytes, client: asyncio.StreamWriter) -> Streams | None:
        """Find a target that answers `first`; pass its first answer on."""
        self._turn += 1
        first_try = self._turn  # its own: others take their turn while this one waits
        for number in range(first_try, first_try + len(self.targets)):
            target = self.targets[number % len(self.targets)]
            patience = PATIENCE_SECONDS if len(self.targets) > 1 else None
            try:
                reader, writer = await asyncio.wait_for(_connect(target), patience)
            except (TimeoutError, OSError):
                continue
            writer.write(first)
            try:
                answer = await asyncio.wait_for(reader.read(CHUNK_BYTES), patience)
            except (TimeoutError, ConnectionError):
                answer = b""
            if answer:
                client.write(answer)
                return reader, writer
            writer.transport.abort()
        return None

    async def _both_ways(self, client: Streams, target: Streams) -> None:
        """Pump until either side ends; that ends both."""
        pumps = {
            asyncio.create_task(self._pump(client[0], target[1], client[1])),
            asyncio.create_task(self._pump(target[0], client[1], client[1])),
        }
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in done:
                pump.result()
            for _, writer in (client, target):
                writer.close()  # what was read is still passed on
                await writer.wait_closed()
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        while chunk := await source.read(CHUNK_BYTES):
            if client not in self._dead:
                sink.write(chunk)
                await sink.drain()


async def _connect(target: Target) -> Streams:
    if isinstance(target, Path):
        return await asyncio.open_unix_connection(target)
    return await asyncio.open_connection("127.0.0.1", target)
