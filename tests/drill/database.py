"""A database for each row of the drill: made in an instant from one that is migrated already."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

import psycopg
from django.db import connections

from dashboard import frames
from dashboard.models import Event, Stream
from tests.drill.log import Log, digest

Result = TypeVar("Result")


class Database:
    """A copy of the default database, for one row. Used with `async with`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = f"drill_{name}"
        self.vendor = connections["default"].vendor
        self._folder = folder
        self._template = connections["default"].settings_dict
        self._path = folder / "row.sqlite3"
        self._backup = folder / "backup"
        if self.vendor == "sqlite":
            place, self.url = str(self._path), f"sqlite:///{self._path}"
        else:
            place = self.name
            self.url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{place}").geturl()
        connections.databases[self.name] = {**connections.databases["default"], "NAME": place}

    async def ask(self, function: Callable[[], Result]) -> Result:
        """Call `function`, which may use the ORM with this database, in a thread."""

        def call() -> Result:
            try:
                return function()
            finally:
                connections.close_all()

        return await asyncio.to_thread(call)

    async def log(self) -> Log:
        """Read the whole log."""
        return await self.ask(self._log)

    async def update(self, **fields: Any) -> None:
        """Change the row of the stream."""
        await self.ask(lambda: Stream.objects.using(self.name).update(**fields))

    async def prune(self, upto: int) -> None:
        """Delete the events up to seq `upto`, as retention does."""
        old = Event.objects.using(self.name).filter(seq__lte=upto)
        await self.ask(old.delete)

    async def back_up(self) -> None:
        """Take a backup, the way an operator does."""
        await self.ask(self._back_up)

    async def restore(self) -> None:
        """Bring the backup back, in place and in one piece, while others are at work."""
        await self.ask(self._restore)

    def _log(self) -> Log:
        stream = Stream.objects.using(self.name).get()
        events = Event.objects.using(self.name).filter(seq__lte=stream.head).order_by("seq")
        found = {event.seq: digest(json.loads(frames.new_event(event))["data"]) for event in events}
        return Log(str(stream.epoch), stream.head, found)

    def _back_up(self) -> None:
        if self.vendor == "sqlite":
            _copy(self._path, self._backup)
        else:
            self._run("pg_dump", "-Fc", "-f", str(self._backup))

    def _restore(self) -> None:
        if self.vendor == "sqlite":
            _copy(self._backup, self._path)
        else:
            self._run("pg_restore", "--clean", "--single-transaction", str(self._backup))

    def _run(self, program: str, *arguments: str) -> None:
        folder = parse_qs(urlsplit(self.url).query)["host"][0]
        subprocess.run(
            [program, "-h", folder, "-U", "postgres", "-d", self.name, *arguments], check=True
        )

    def _administer(self, *statements: str) -> None:
        url = urlsplit(self.url)._replace(path="/postgres").geturl()
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    async def __aenter__(self) -> Self:
        if self.vendor == "sqlite":
            shutil.copyfile(self._template["NAME"], self._path)
        else:
            await self.ask(
                lambda: self._administer(
                    f"CREATE DATABASE {self.name} TEMPLATE {self._template['NAME']}"
                )
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.vendor != "sqlite":
            await self.ask(lambda: self._administer(f"DROP DATABASE {self.name} WITH (FORCE)"))


def _copy(source: Path, target: Path) -> None:
    """Copy a SQLite database into another, also while others use either."""
    with sqlite3.connect(source) as old, sqlite3.connect(target, timeout=20) as new:
        old.backup(new)
    old.close()
    new.close()
