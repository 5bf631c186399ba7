"""What one bot process is told."""

import pytest

from botworker.errors import StartRefused
from botworker.options import BotOptions, ShardRange


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0-3/8", (0, 3, 8)), ("7/8", (7, 7, 8)), ("4", (0, 3, 4)), ("0-0/1", (0, 0, 1))],
)
def test_a_range_of_shards_is_read(text, expected):
    assert ShardRange.parse(text) == expected


@pytest.mark.parametrize("text", ["", "0", "8/8", "3-1/8", "0-8/8", "-1/8", "0-3", "a/b", "1/2/3"])
def test_an_impossible_range_is_refused(text):
    with pytest.raises(ValueError, match=r"shards|FIRST-LAST"):
        ShardRange.parse(text)


def test_without_a_token_nothing_starts_and_no_restart_helps(settings):
    settings.DISCORD_TOKEN = ""

    with pytest.raises(StartRefused) as refused:
        BotOptions.from_settings()

    assert refused.value.exit_code == 78
    assert "DISCORD_TOKEN" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "emulated"),
    [("https://discord.com/api/v10", False), ("http://127.0.0.1:5/api/v10", True)],
)
def test_a_discord_on_this_machine_is_an_emulated_one(url, emulated):
    options = BotOptions(token="t", api_url=url, gateway_url="ws://127.0.0.1:5/")

    assert options.emulated is emulated


def test_the_token_is_not_in_the_text_of_the_options():
    options = BotOptions(token="secret-token", api_url="", gateway_url="")

    assert "secret-token" not in f"{options!r} {options}"


def test_each_range_of_shards_has_a_name_of_its_own(settings):
    settings.DISCORD_TOKEN = "t"

    names = {
        BotOptions.from_settings(shards=ShardRange.parse(text)).name for text in ("0-1/4", "2-3/4")
    }

    assert names == {"bot 0-1/4", "bot 2-3/4"}
