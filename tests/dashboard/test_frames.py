"""What may be said to every browser without being of the log."""

import pytest

from dashboard.frames import is_reserved


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"STATS_UPDATE","data":{}}',
        '{"type":"STATS\\u005fUPDATE","data":{}}',
        '{"type":"LATER","type":"STATS_UPDATE"}',
        '{"type":"RESUMED","data":{}}',
        '{"type":"PONG"}',
        '{"type":"ERROR","data":{}}',
        '{"type":"NEW_EVENT","data":{"seq":3}}',
        '{"type":"NEW_EVENT","data":{"s\\u0065q":"3"}}',
        '{"type":"NEW_EVENT","data":{"seq":null,"seq":3}}',
        '{"type":"NEW_EVENT","data":[]}',
        '{"type":7}',
        "[]",
        "no json",
        '"\ud800"',
        "[" * 100_000,
    ],
)
def test_what_the_hub_and_the_log_say_is_reserved_for_them(frame: str):
    assert is_reserved(frame)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"NEW_EVENT","data":{"bench":3}}',
        '{"type":"NEW_EVENT","data":{"seq":null}}',
        '{"type":"LATER","data":7}',
        '{"type":"LATER"}',
    ],
)
def test_the_rest_is_not(frame: str):
    assert not is_reserved(frame)
