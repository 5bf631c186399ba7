"""What Discord refuses as a message, a form or a command, each at its place."""

from typing import Any

import pytest

Json = dict[str, Any]


def found_at(body: Json, place: str) -> list[str]:
    """The codes of what is wrong at a place of an answer, such as "0.options.1"."""
    assert (body["code"], body["message"]) == (50035, "Invalid Form Body")
    errors = body["errors"]
    for part in place.split("."):
        errors = errors[part]
    return [error["code"] for error in errors["_errors"]]


@pytest.fixture
def channel(emulated) -> Any:
    return next(iter(emulated.world.guilds.values())).text_channels[0]


@pytest.fixture
def path(channel) -> str:
    return f"/channels/{channel.id}/messages"


def button(**more: Any) -> Json:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **more}


def link(**more: Any) -> Json:
    return {"type": 2, "style": 5, "label": "Go", "url": "https://example.com", **more}


def choice(value: str, **more: Any) -> Json:
    return {"label": value, "value": value, **more}


def select(*values: str, **more: Any) -> Json:
    options = [choice(value) for value in values or ("a", "b")]
    return {"type": 3, "custom_id": "choose", "options": options, **more}


def rows(*contents: list[Json]) -> Json:
    return {"content": "x", "components": [{"type": 1, "components": row} for row in contents]}


def without(thing: Json, field: str) -> Json:
    return {key: value for key, value in thing.items() if key != field}


TOO_WIDE = "COMPONENT_LAYOUT_WIDTH_EXCEEDED"
BOTH = "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"
FIRST = "components.0.components.0"


@pytest.mark.parametrize(
    ("message", "place", "code"),
    [
        (rows([select(), select(custom_id="b")]), "components.0.components.1", TOO_WIDE),
        (rows([select(), button()]), "components.0.components.1", TOO_WIDE),
        (rows([button(), select()]), "components.0.components.1", TOO_WIDE),
        (rows([button()] * 6), "components.0.components", "BASE_TYPE_BAD_LENGTH"),
        (rows(*[[button(custom_id=str(n))] for n in range(6)]), "components",
         "BASE_TYPE_MAX_LENGTH"),
        (rows([without(button(), "custom_id")]), f"{FIRST}.custom_id",
         "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED"),
        (rows([button(custom_id="x" * 101)]), f"{FIRST}.custom_id", "BASE_TYPE_BAD_LENGTH"),
        (rows([button(custom_id="")]), f"{FIRST}.custom_id", "BASE_TYPE_BAD_LENGTH"),
        (rows([button()], [button()]), "components.1.components.0.custom_id",
         "COMPONENT_CUSTOM_ID_DUPLICATED"),
        (rows([button()], [select(custom_id="go")]), "components.1.components.0.custom_id",
         "COMPONENT_CUSTOM_ID_DUPLICATED"),
        (rows([without(button(), "label")]), f"{FIRST}.label", "BASE_TYPE_REQUIRED"),
        (rows([button(label="x" * 81)]), f"{FIRST}.label", "BASE_TYPE_MAX_LENGTH"),
        (rows([button(emoji={})]), f"{FIRST}.emoji.name", "BUTTON_COMPONENT_INVALID_EMOJI"),
        (rows([button(emoji={"name": ":wave:"})]), f"{FIRST}.emoji.name",
         "BUTTON_COMPONENT_INVALID_EMOJI"),
        (rows([button(emoji="👋")]), f"{FIRST}.emoji", "MODEL_TYPE_CONVERT"),
        (rows([button(style=7)]), f"{FIRST}.style", "BASE_TYPE_CHOICES"),
        (rows([button(url="https://example.com")]), f"{FIRST}.url", BOTH),
        (rows([link(custom_id="go")]), f"{FIRST}.custom_id", BOTH),
        (rows([without(link(), "url")]), f"{FIRST}.url", "BASE_TYPE_REQUIRED"),
        (rows([link(url="javascript:alert(1)")]), f"{FIRST}.url", "URL_TYPE_INVALID_SCHEME"),
        (rows([link(url="steam://run/1")]), f"{FIRST}.url", "URL_TYPE_INVALID_SCHEME"),
        (rows([link(url="example.com")]), f"{FIRST}.url", "URL_TYPE_INVALID_URL"),
        (rows([link(url="https://")]), f"{FIRST}.url", "URL_TYPE_INVALID_URL"),
        (rows([link(url="https://[::1")]), f"{FIRST}.url", "URL_TYPE_INVALID_URL"),
        (rows([link(url="https://e.org/" + "x" * 512)]), f"{FIRST}.url", "BASE_TYPE_MAX_LENGTH"),
        (rows([{"type": 2, "style": 6}]), f"{FIRST}.sku_id", "BASE_TYPE_REQUIRED"),
        (rows([without(select(), "custom_id")]), f"{FIRST}.custom_id", "BASE_TYPE_REQUIRED"),
        (rows([select(min_values=-1)]), f"{FIRST}.min_values", "NUMBER_TYPE_MIN"),
        (rows([select(min_values=2)]), f"{FIRST}.min_values", "NUMBER_TYPE_MAX"),
        (rows([select(min_values=26, max_values=26)]), f"{FIRST}.min_values", "NUMBER_TYPE_MAX"),
        (rows([select(max_values=0)]), f"{FIRST}.max_values", "NUMBER_TYPE_MIN"),
        (rows([select(max_values=26)]), f"{FIRST}.max_values", "NUMBER_TYPE_MAX"),
        (rows([select(max_values=3)]), f"{FIRST}.options", "BASE_TYPE_MIN_LENGTH"),
        (rows([{"type": 5, "custom_id": "who", "max_values": 26}]), f"{FIRST}.max_values",
         "NUMBER_TYPE_MAX"),
        (rows([select("a", "a")]), f"{FIRST}.options.1",
         "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
        (rows([select(options=[choice("a", default=True), choice("b", default=True)])]),
         f"{FIRST}.options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES"),
        (rows([select(options=[{"label": "a"}])]), f"{FIRST}.options.0.value",
         "BASE_TYPE_REQUIRED"),
        (rows([select(options=[choice("x" * 101)])]), f"{FIRST}.options.0.label",
         "BASE_TYPE_BAD_LENGTH"),
        (rows([select(*map(str, range(26)))]), f"{FIRST}.options", "BASE_TYPE_BAD_LENGTH"),
        (rows([select(placeholder="x" * 151)]), f"{FIRST}.placeholder", "BASE_TYPE_MAX_LENGTH"),
        ({"content": "x", "components": [{"type": 10, "content": "x"}]}, "components.0.type",
         "BASE_TYPE_CHOICES"),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x"}] * 41}, "components",
         "BASE_TYPE_MAX_LENGTH"),
        ({"flags": 1 << 15, "components": [{"type": 2}]}, "components.0.type",
         "BASE_TYPE_CHOICES"),
        ({"flags": 1 << 15, "components": [{"type": 17, "components": [
            {"type": 1, "components": [select(), button()]}]}]},
         "components.0.components.0.components.1", TOO_WIDE),
        ({"flags": 1 << 15, "components": [{"type": 9, "components": [
            {"type": 10, "content": "x"}], "accessory": without(button(), "custom_id")}]},
         "components.0.accessory.custom_id", "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED"),
        ({"flags": 1 << 15, "components": [{"type": 12, "items": [{"media": {}}]}]},
         "components.0.items.0.media.url", "BASE_TYPE_REQUIRED"),
        ({"flags": 1 << 15, "components": [{"type": 9, "components": [
            {"type": 10, "content": "x"}], "accessory": select()}]},
         "components.0.accessory.type", "BASE_TYPE_CHOICES"),
        ({"flags": 1 << 15, "components": [{"type": 10}]}, "components.0.content",
         "BASE_TYPE_REQUIRED"),
        ({"embeds": [{"title": "x", "url": "example.com"}]}, "embeds.0.url",
         "URL_TYPE_INVALID_URL"),
        ({"embeds": [{"title": "x", "url": "attachment://a.png"}]}, "embeds.0.url",
         "URL_TYPE_INVALID_SCHEME"),
        ({"embeds": [{"title": "x", "image": {"url": "ftp://e.org/a.png"}}]},
         "embeds.0.image.url", "URL_TYPE_INVALID_SCHEME"),
        ({"embeds": [{"title": "x", "footer": {"text": "x", "icon_url": "undefined"}}]},
         "embeds.0.footer.icon_url", "URL_TYPE_INVALID_URL"),
        ({"embeds": [{"title": "x", "timestamp": "yesterday"}]}, "embeds.0.timestamp",
         "DATE_TIME_TYPE_PARSE"),
        ({"embeds": [{"title": "x", "color": -1}]}, "embeds.0.color", "NUMBER_TYPE_MIN"),
        ({"embeds": [{"title": "x", "color": 1 << 24}]}, "embeds.0.color", "NUMBER_TYPE_MAX"),
    ],
)  # fmt: skip
async def test_a_message_is_refused_for_what_is_wrong_with_it(raw, path, message, place, code):
    status, body, _ = await raw.call("POST", path, message)

    assert status == 400
    assert code in found_at(body, place)


@pytest.mark.parametrize(
    "message",
    [
        rows([button(custom_id=str(n)) for n in range(5)], [select()]),
        rows([button(label=None, emoji={"name": "👋"})]),
        rows([button(label=None, emoji={"id": "1", "name": "wave"}, disabled=True)]),
        rows([link(), link(url="discord://-/channels/@me")]),
        rows([{"type": 2, "style": 6, "sku_id": "1"}]),
        rows([select(min_values=0, max_values=2)]),
        rows([select(options=[choice("a", emoji=None, description=None)], placeholder=None)]),
        rows([{"type": 8, "custom_id": "where", "channel_types": [0], "min_values": 0}]),
        {"flags": 1 << 15, "components": [{"type": 17, "components": [
            {"type": 9, "components": [{"type": 10, "content": "x"}], "accessory": button()},
            {"type": 14}, {"type": 1, "components": [select()]}]}]},
        {"flags": 1 << 15, "components": [
            {"type": 9, "components": [{"type": 10, "content": "x"}], "accessory": {
                "type": 11, "media": {"url": "https://e.org/a.png"}}},
            {"type": 12, "items": [{"media": {"url": "https://e.org/a.png"}}]},
            {"type": 13, "file": {"url": "attachment://a.txt"}}]},
        {"embeds": [{"title": "x", "url": "https://e.org/a b",
                     "timestamp": "2026-01-02T03:04:05Z", "author": {"name": "x", "url": None},
                     "image": {"url": "attachment://a.png"}}]},
        {"embeds": [{"title": "x", "timestamp": "2026-01-02T03:04:05.678+02:00", "url": ""}]},
    ],
)  # fmt: skip
async def test_a_message_that_discord_takes_is_taken(raw, path, message):
    status, body, _ = await raw.call("POST", path, message)

    assert status == 200, body


async def test_a_message_of_the_new_kind_stays_one_when_it_is_edited(raw, path):
    text = {"type": 10, "content": "x"}
    _, message, _ = await raw.call("POST", path, {"flags": 1 << 15, "components": [text]})

    status, edited, _ = await raw.call("PATCH", f"{path}/{message['id']}", {"components": [text]})
    refused, body, _ = await raw.call("PATCH", f"{path}/{message['id']}", {"content": "y"})

    assert (status, edited["flags"]) == (200, 1 << 15)
    assert (refused, body["code"]) == (400, 50035)


async def test_a_message_of_nothing_but_spaces_is_empty(raw, path):
    status, body, _ = await raw.call("POST", path, {"content": " \n"})

    assert (status, body["code"]) == (400, 50006)


def option(kind: int = 4, **more: Any) -> Json:
    return {"name": "amount", "description": "How much", "type": kind, **more}


def command(*options: Json) -> Json:
    return {"name": "ping", "description": "Ping", "options": list(options)}


def sub(*options: Json, **more: Any) -> Json:
    return {"name": "set", "description": "Set it", "type": 1, "options": list(options), **more}


def group(*options: Json) -> Json:
    return sub(*options, name="group", type=2)


MIXED = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"


@pytest.mark.parametrize(
    ("wrong", "place", "code"),
    [
        (command(group(sub()), option()), "options", MIXED),
        (command(sub(), option()), "options", MIXED),
        (command(group(option())), "options.0.options.0.type",
         "BASE_TYPE_CHOICES"),
        (command(group(sub(), option())), "options.0.options", MIXED),
        (command(group(group())), "options.0.options.0.type",
         "BASE_TYPE_CHOICES"),
        (command(sub(sub())), "options.0.options.0.type",
         "BASE_TYPE_CHOICES"),
        (command(sub(option(), option())), "options.0.options.1.name",
         "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"),
        (command(sub(option(), option(name="b", required=True))),
         "options.0.options.1", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"),
        (command(without(option(), "type")), "options.0.type", "BASE_TYPE_REQUIRED"),
        (command(option(min_value=5, max_value=4)), "options.0.min_value", "NUMBER_TYPE_MAX"),
        (command(option(10, min_value=0.2, max_value=0.1)), "options.0.min_value",
         "NUMBER_TYPE_MAX"),
        (command(option(min_value=0.5)), "options.0.min_value", "NUMBER_TYPE_COERCE"),
        (command(option(min_value=-(2**60))), "options.0.min_value", "NUMBER_TYPE_MIN"),
        (command(option(3, min_length=5, max_length=4)), "options.0.min_length",
         "NUMBER_TYPE_MAX"),
        (command(option(3, max_length=0)), "options.0.max_length", "NUMBER_TYPE_MIN"),
        (command(option(3, max_length=6001)), "options.0.max_length", "NUMBER_TYPE_MAX"),
        (command(option(choices=[{"name": "a", "value": 1.5}])), "options.0.choices.0.value",
         "NUMBER_TYPE_COERCE"),
        (command(option(choices=[{"name": "a", "value": True}])), "options.0.choices.0.value",
         "NUMBER_TYPE_COERCE"),
        (command(option(choices=[{"name": "a", "value": 2**60}])), "options.0.choices.0.value",
         "NUMBER_TYPE_MAX"),
        (command(option(3, choices=[{"name": "a", "value": 1}])), "options.0.choices.0.value",
         "BASE_TYPE_BAD_LENGTH"),
        (command(option(6, choices=[{"name": "a", "value": 1}])), "options.0.choices",
         "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID"),
        (command(option(6, autocomplete=True)), "options.0.autocomplete",
         "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID"),
    ],
)  # fmt: skip
async def test_a_command_is_refused_for_what_is_wrong_with_its_options(
    raw, emulated, wrong, place, code
):
    path = f"/applications/{emulated.world.bot.id}/commands"

    status, body, _ = await raw.call("POST", path, wrong)

    assert status == 400
    assert code in found_at(body, place)


@pytest.mark.parametrize(
    "right",
    [
        command(group(
            sub(option(min_value=1, max_value=1)))),
        command(group(sub()), sub()),
        command(option(10, choices=[{"name": "a", "value": 1.5}, {"name": "b", "value": 2}])),
        command(option(3, min_length=4, max_length=4, autocomplete=True, choices=[])),
    ],
)  # fmt: skip
async def test_a_command_that_discord_takes_is_taken(raw, emulated, right):
    path = f"/applications/{emulated.world.bot.id}/commands"

    status, body, _ = await raw.call("POST", path, right)

    assert status == 201, body


def form(*rows: Json) -> Json:
    return {"title": "A form", "custom_id": "form", "components": list(rows)}


def row(**more: Any) -> Json:
    field = {"type": 4, "custom_id": "wish", "label": "Wish", "style": 1, **more}
    return {"type": 1, "components": [field]}


@pytest.mark.parametrize(
    ("wrong", "place", "code"),
    [
        (form(row(), row()), "components.1.components.0.custom_id",
         "COMPONENT_CUSTOM_ID_DUPLICATED"),
        (form(row(min_length=5, max_length=4)), f"{FIRST}.min_length", "NUMBER_TYPE_MAX"),
        (form(row(max_length=4001)), f"{FIRST}.max_length", "NUMBER_TYPE_MAX"),
        (form(row(value="x" * 4001)), f"{FIRST}.value", "BASE_TYPE_MAX_LENGTH"),
        (form(row(placeholder="x" * 101)), f"{FIRST}.placeholder", "BASE_TYPE_MAX_LENGTH"),
        (form({"type": 18, "label": "Which", "component": select("a", "a")}),
         "components.0.component.options.1", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
        (form({"type": 18, "label": "x" * 46, "component": select()}), "components.0.label",
         "BASE_TYPE_MAX_LENGTH"),
    ],
)  # fmt: skip
async def test_a_form_is_refused_for_what_is_wrong_with_it(raw, emulated, wrong, place, code):
    await raw.sync({"name": "ping", "description": "Ping"})
    socket = await raw.identify(intents=0)
    await emulated.run_command("ping")
    interaction = (await socket.until("INTERACTION_CREATE"))["d"]

    status, body = await raw.answer(interaction, 9, wrong)

    assert status == 400
    assert code in found_at(body, f"data.{place}")
    assert (await raw.answer(interaction, 9, form(row())))[0] == 200


async def test_what_one_can_select_is_told_with_the_message(raw, path):
    _, message, _ = await raw.call("POST", path, rows([select()]))

    told = message["components"][0]["components"][0]
    assert (told["min_values"], told["max_values"]) == (1, 1)


@pytest.mark.parametrize(
    ("permission", "method", "rest", "body", "expected"),
    [
        ("view_channel", "GET", "", None, 50001),
        ("view_channel", "GET", "/messages", None, 50001),
        ("view_channel", "POST", "/messages", {"content": "x"}, 50001),
        ("view_channel", "PATCH", "/messages/{own}", {"content": "x"}, 50001),
        ("send_messages", "POST", "/messages", {"content": "x"}, 50013),
        ("send_messages", "POST", "/typing", None, 50013),
        ("read_message_history", "GET", "/messages/{own}", None, 50013),
        ("add_reactions", "PUT", "/messages/{own}/reactions/👍/@me", None, 50013),
        ("manage_messages", "DELETE", "/messages/{theirs}", None, 50013),
        ("manage_webhooks", "POST", "/webhooks", {"name": "Weather"}, 50013),
        ("manage_webhooks", "GET", "/webhooks", None, 50013),
    ],
)
async def test_what_the_bot_may_not_do_is_refused_until_it_may(
    raw, emulated, channel, permission, method, rest, body, expected
):
    _, own, _ = await raw.call("POST", f"/channels/{channel.id}/messages", {"content": "hi"})
    theirs = await emulated.say("hello", guild=channel.guild_id)
    path = f"/channels/{channel.id}" + rest.format(own=own["id"], theirs=theirs.id)
    await emulated.faults.forbid(permission, channel.id)

    status, refused, _ = await raw.call(method, path, body)
    await emulated.faults.forbid(permission, channel.id, on=False)
    allowed, _, _ = await raw.call(method, path, body)

    assert (status, refused["code"]) == (403, expected)
    assert allowed in {200, 204}


async def test_a_channel_the_bot_cannot_see_is_silent_and_tells_its_overwrites(
    raw, emulated, channel
):
    socket = await raw.identify(intents=1 | 1 << 9)
    await emulated.faults.forbid("view_channel", channel.id)
    await emulated.say("unheard", guild=channel.guild_id)
    await emulated.faults.forbid("view_channel", channel.id, on=False)
    said = await emulated.say("heard", guild=channel.guild_id)

    updated = (await socket.until("CHANNEL_UPDATE"))["d"]
    heard = (await socket.until("MESSAGE_CREATE"))["d"]

    [overwrite] = updated["permission_overwrites"]
    assert overwrite == {
        "id": str(emulated.world.bot.id), "type": 1, "allow": "0", "deny": str(1 << 10)
    }  # fmt: skip
    assert heard["id"] == str(said.id)


async def test_without_the_history_no_message_is_read(raw, emulated, channel):
    await emulated.say("hello", guild=channel.guild_id)
    await emulated.faults.forbid("read_message_history", channel.id)

    status, messages, _ = await raw.call("GET", f"/channels/{channel.id}/messages")

    assert (status, messages) == (200, [])


async def test_an_interaction_tells_what_the_app_may_do_there(raw, emulated, channel):
    await raw.sync({"name": "ping", "description": "Ping"})
    guild = emulated.world.guilds[channel.guild_id]
    for place in guild.text_channels:
        await emulated.faults.forbid("send_messages", place.id)

    call = await emulated.run_command("ping", guild=guild)

    assert not int(call.payload["app_permissions"]) & 1 << 11


async def test_a_permission_that_does_not_exist_cannot_be_taken(emulated):
    with pytest.raises(LookupError, match="fly"):
        await emulated.faults.forbid("fly")
