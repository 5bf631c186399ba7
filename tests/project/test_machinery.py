"""What the other tests stand on."""

import urllib.request

import pytest
import redis
from channels.layers import get_channel_layer
from django.contrib.auth.models import User

from dashboard.models import Event
from dashboard.preflight import ONCE
from tests.broker import Broker
from tests.web import LiveWeb


@pytest.mark.django_db(transaction=True)
async def test_the_channel_layer_of_the_suite_is_a_real_broker(broker: Broker) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("suite", channel)
    await layer.group_send("suite", {"type": "hello"})
    assert await layer.receive(channel) == {"type": "hello"}
    await layer.group_discard("suite", channel)
    await layer.flush()


def test_a_broker_that_was_stopped_comes_back(broker: Broker) -> None:
    broker.stop()
    with redis.Redis(unix_socket_path=str(broker.socket), retry=ONCE) as client:
        with pytest.raises(redis.ConnectionError):
            client.ping()
        broker.start()
        assert client.ping()


@pytest.mark.parametrize("which", ["one", "another"])
def test_a_web_process_shares_the_database_of_its_test(
    live_web: LiveWeb, admin: User, which: str
) -> None:
    assert not Event.objects.exists()
    cookie = live_web.cookie(admin)
    request = urllib.request.Request(
        f"{live_web.url}/admin/", headers={"Cookie": f"{cookie['name']}={cookie['value']}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.url.endswith("/admin/")
        assert answer.status == 200
