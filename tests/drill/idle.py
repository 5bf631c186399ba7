"""A process with one open socket, which it reads and whose pings it answers: `idle URL COOKIE`."""

import asyncio
import os
import sys

import aiohttp


async def main(url: str, cookie: str) -> None:
    """Read until the other side ends."""
    headers = {"Origin": url, "Cookie": cookie}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/ws", headers=headers) as opened,
    ):
        os.write(1, b"open\n")
        async for _ in opened:
            pass


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
