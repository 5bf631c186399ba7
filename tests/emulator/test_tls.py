"""The real discord.py, with nothing of it patched: only its documented `connector=` leads here."""

import asyncio
import socket
import ssl
import sys

import aiohttp
import pytest

from botworker.emulator import EmulatedDiscord, Limits
from botworker.emulator.tls import OnlyHere
from tests.environment import ROOT

# In a process of its own: other tests of this one have told discord.py where Discord is.
BOT = """
import asyncio, sys, warnings
warnings.simplefilter("ignore")
import aiohttp, discord
from discord.ext import commands
from botworker.emulator.tls import OnlyHere, client_context

class Bot(commands.Bot):
    async def setup_hook(self):
        await self.tree.sync()

async def main(token, port, pem):
    resolver = OnlyHere(port)
    connector = aiohttp.TCPConnector(resolver=resolver, ssl=client_context(pem))
    async with Bot("!", intents=discord.Intents(guilds=True), connector=connector) as bot:
        @bot.tree.command(description="Say hello.")
        async def hello(interaction: discord.Interaction):
            names = " ".join(sorted(set(resolver.asked)))
            await interaction.response.send_message(f"hello by way of {names}")
        await bot.start(token)

asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.stdin.read()))
"""


@pytest.fixture
async def discord():
    limits = Limits(heartbeat_seconds=1, identify_seconds=0.01)
    async with EmulatedDiscord(limits=limits, tls=True) as discord:
        yield discord


async def test_an_unpatched_bot_finds_it_by_discords_own_names_and_resumes_there(discord):
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BOT, discord.token, str(discord.port),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert bot.stdin is not None
        bot.stdin.write(discord.certificate.pem.encode())
        bot.stdin.close()
        await discord.wait_for_command("hello", within=30)
        call = await discord.run_command("hello")
        assert (await call.reply()).text == "hello by way of discord.com gateway.discord.gg"

        await discord.faults.reconnect()
        call = await discord.run_command("hello")

        assert "hello" in (await call.reply()).text
        assert (discord.gateway.identifies, discord.gateway.resumes) == (1, 1)
        assert discord.unknown_routes == []
    finally:
        bot.kill()
        await bot.wait()


async def test_who_does_not_trust_its_certificate_gets_no_further(discord):
    connector = aiohttp.TCPConnector(resolver=OnlyHere(discord.port))
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{discord.api_url}/gateway")


async def test_plain_http_is_not_answered_there(discord):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://127.0.0.1:{discord.port}/api/v10/gateway")


@pytest.mark.parametrize("name", ["example.org", "discord.com.example.org", "a.b.discord.gg"])
async def test_no_other_name_leads_anywhere(name):
    with pytest.raises(OSError, match="is not Discord"):
        await OnlyHere(1).resolve(name, 443, socket.AF_INET)


def test_its_key_is_in_nothing_a_client_is_given(discord):
    assert "PRIVATE" not in discord.certificate.pem
    assert discord.certificate.client_context().verify_mode is ssl.CERT_REQUIRED
