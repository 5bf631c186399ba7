"""`manage.py rundiscord`, as a process."""

import asyncio
import re
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from django.core.management import CommandError, call_command

from botworker.emulator.tls import Certificate

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """One `manage.py rundiscord`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        async with asyncio.timeout(30):
            assert self.process.stdout is not None
            return (await self.process.stdout.readline()).decode()

    async def end(self) -> tuple[int, str]:
        async with asyncio.timeout(30):
            _, error = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, error.decode()


@pytest.fixture
async def rundiscord() -> AsyncIterator[Callable[..., Awaitable[Process]]]:
    running: list[Process] = []

    async def run(*arguments: str) -> Process:
        process = Process(
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(ROOT / "manage.py"),
                "rundiscord",
                *arguments,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        )
        running.append(process)
        return process

    yield run
    for one in running:
        if one.process.returncode is None:
            one.process.kill()
            await one.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_one_line_serves_and_stops_cleanly(rundiscord, number):
    process = await rundiscord("--port", "0", "--pace", "0")
    line = await process.line()
    [url] = re.findall(r"http://127\.0\.0\.1:\d+/api/v10", line)
    async with aiohttp.ClientSession() as http, http.get(f"{url}/gateway") as response:
        assert (await response.json())["url"] in line

    process.process.send_signal(number)

    assert await process.end() == (0, "")


async def test_it_speaks_tls_with_a_certificate_that_outlives_it(rundiscord, tmp_path):
    pem = tmp_path / "discord.pem"
    for _ in range(2):
        process = await rundiscord("--port", "0", "--pace", "0", "--tls", str(pem))
        line = await process.line()
        [url] = re.findall(r"https://127\.0\.0\.1:\d+/api/v10", line)
        trusted = ssl.create_default_context(cafile=pem)
        async with aiohttp.ClientSession() as http, http.get(f"{url}/gateway", ssl=trusted) as got:
            gateway = (await got.json())["url"]
        assert gateway in line
        assert gateway.startswith("wss://127.0.0.1:")
        process.process.send_signal(signal.SIGTERM)
        assert await process.end() == (0, "")
    assert pem.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing\n", "needs a CERTIFICATE"),
        (Certificate().pem, "needs a CERTIFICATE and its PRIVATE KEY"),
        (Certificate().pem + Certificate()._key, "cannot be used"),
        ((old := Certificate(lifetime=timedelta(minutes=-1))).pem + old._key, "expired"),
    ],
    ids=["neither", "no key", "another key", "expired"],
)
def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path, text, said):
    pem = tmp_path / "discord.pem"
    pem.write_text(text)

    with pytest.raises(CommandError, match=said) as refused:
        call_command("rundiscord", port=0, tls=pem)

    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("scenario", "/no/such/file", "cannot be read"),
        ("port", 99999, "--port"),
        ("pace", -1, "--pace"),
        ("heartbeat_seconds", 0, "--heartbeat-seconds"),
    ],
)
def test_a_wrong_option_is_one_line_that_names_it(option, value, word):
    with pytest.raises(CommandError, match=word) as refused:
        call_command("rundiscord", **{option: value})

    assert len(str(refused.value).splitlines()) == 1


def test_a_scenario_that_makes_no_sense_is_one_line_with_its_number(tmp_path):
    scenario = tmp_path / "bad.scenario"
    scenario.write_text("scene calm for 1m\n  dance\n")

    with pytest.raises(CommandError, match="line 2: ") as refused:
        call_command("rundiscord", port=0, scenario=str(scenario))

    assert len(str(refused.value).splitlines()) == 1


async def test_a_taken_port_is_one_line_and_a_failure(rundiscord):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, error = await (await rundiscord("--port", port)).end()

    assert status != 0
    assert port in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
