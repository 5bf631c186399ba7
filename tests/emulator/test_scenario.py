"""The scenario language, and the director who plays it."""

import asyncio

import pytest

from botworker.emulator import EmulatedDiscord, Players
from botworker.emulator.control import Control
from botworker.emulator.director import Director
from botworker.emulator.scenario import ScenarioError, Scene, Step, parse
from botworker.emulator.serve import DEMO


@pytest.fixture
def controls(emulated):
    async def pace(seconds: float) -> None: ...

    return {**emulated.controls, "pace": pace}


async def test_scenes_have_names_durations_and_steps(controls):
    text = """
    scene rush hour for 1.5m   # the evening
        pace 0.6
        ack_delay 900ms jitter=200ms
        after 10s reconnect
    scene calm for 500ms
        every 2s fail 3 route=callback
    """

    assert parse(text, controls) == [
        Scene(
            "rush hour",
            90.0,
            [
                Step("pace", {"seconds": 0.6}),
                Step("ack_delay", {"seconds": 0.9, "jitter": 0.2}),
                Step("reconnect", {}, after=10.0),
            ],
        ),
        Scene("calm", 0.5, [Step("fail", {"times": 3, "route": "callback"}, 2.0, 2.0)]),
    ]


async def test_the_demos_day_has_calm_rush_hour_spike_outage_and_recovery(controls):
    names = " ".join(scene.name for scene in parse(DEMO.read_text("utf-8"), controls))

    for word in ("calm", "rush hour", "latency spike", "outage", "recovery"):
        assert word in names


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("pace 1", 1),
        ("scene calm for ever", 1),
        ("scene calm", 1),
        ("scene a for 1s\nnonsense", 2),
        ("scene a for 1s\n\npace fast", 3),
        ("scene a for 1s\npace 1 2 3", 2),
        ("scene a for 1s\nafter soon reconnect", 2),
        ("scene a for 1s\nevery 1ms reconnect", 2),
        ("scene a for 1s\nclose kode=1", 2),
        ('scene "a for 1s', 1),
    ],
)
async def test_a_line_that_makes_no_sense_is_named(controls, text, line):
    with pytest.raises(ScenarioError, match=f"^line {line}: "):
        parse(text, controls)


async def test_a_scene_begins_with_fair_weather_and_its_steps(emulated, controls):
    players = Players(emulated, seed=1, pace=0)
    scenes = parse(
        "scene storm for 10ms\n slow_rest 1s\n ack_delay 2s\nscene calm for 10ms\n duplicate 3\n",
        controls,
    )
    director = Director(scenes, controls, emulated.faults, players)

    await director.play(scenes[0])
    assert (emulated.conditions.rest_delay, emulated.conditions.ack_base) == (1.0, 2.0)
    await director.play(scenes[1])
    assert (emulated.conditions.rest_delay, emulated.conditions.ack_base) == (0.0, None)
    assert emulated.conditions.duplicates == 3


async def test_later_steps_come_later_and_repeated_ones_again(emulated):
    happened: asyncio.Queue[str] = asyncio.Queue()

    async def once() -> None:
        happened.put_nowait("once")

    async def often() -> None:
        happened.put_nowait("often")

    controls: dict[str, Control] = {"once": once, "often": often}
    scenes = parse("scene x for 1m\n often\n every 60ms often\n after 50ms once", controls)
    players = Players(emulated, seed=1, pace=0)
    director = Director(scenes, controls, emulated.faults, players)

    playing = asyncio.create_task(director.direct())
    async with asyncio.timeout(5):
        heard = [await happened.get() for _ in range(4)]
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)

    assert heard == ["often", "once", "often", "often"]


async def test_players_call_the_synced_commands_and_get_answers(emulated: EmulatedDiscord, start):
    bot = await start()
    players = Players(emulated, seed=1, pace=0.01)
    playing = asyncio.create_task(players.play())

    await emulated.wait_until(lambda: players.answered >= 10 and len(bot.seen) >= 2)
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)

    assert players.called >= 10


async def test_nobody_plays_at_pace_0_until_it_changes(emulated: EmulatedDiscord, raw):
    await raw.sync({"name": "ping", "description": "Ping"})
    socket = await raw.identify(intents=0)
    players = Players(emulated, seed=1, pace=0)
    playing = asyncio.create_task(players.play())
    await asyncio.sleep(0)
    assert players.called == 0

    players.pace = 0.01

    assert (await socket.until("INTERACTION_CREATE"))["d"]["data"]["name"] == "ping"
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)


async def test_the_same_seed_makes_the_same_world():
    one, two, other = (EmulatedDiscord(seed=seed).world for seed in (1, 1, 2))

    assert list(one.users) == list(two.users)
    assert list(one.guilds) == list(two.guilds)
    assert list(one.users) != list(other.users)


async def test_the_world_grows_as_asked():
    world = EmulatedDiscord(world_size=(50, 10_000)).world

    assert len(world.guilds) == 50
    assert len(world.users) == 10_001
    assert len({user.username for user in world.users.values()}) == 10_001
    assert {guild_id >> 22 & 1 for guild_id in world.guilds} == {0, 1}
