"""Whatever is in an address, the answer is never an error of ours."""

import re
from itertools import product

import pytest
from django.test import Client

from tests.dashboard.test_roles import TABLE, address_of, client_of, populate

pytestmark = pytest.mark.django_db

NUMBERS = (
    "after", "actor", "at__year", "before", "groups__id__in", "guild", "id__in", "limit", "o", "p",
    "page", "pk",
)  # fmt: skip
MOMENTS = ("at", "at__gte", "date_joined__lt")
TEXTS = (
    "_changelist_filters", "_to_field", "activity", "all", "command", "e", "epoch", "frozen__exact",
    "is_active__exact", "kind", "latency", "level", "next", "q", "range", "sort", "what",
)  # fmt: skip
ODD_NUMBERS = (
    "100000000000000000000", "9223372036854775808", "-1", "10000", "9" * 4000, "1," + "9" * 20,
    "%D9%A3",
)  # fmt: skip
ODD_MOMENTS = (
    "10000-01-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "0", "%00",
)  # fmt: skip
ODD_TEXTS = ("%00", "%ED%A0%80", "%FF", "x" * 5000, "", "__class__", "%27", "[]")
QUERIES = [
    f"{name}={value}"
    for names, values in ((NUMBERS, ODD_NUMBERS), (MOMENTS, ODD_MOMENTS), (TEXTS, ODD_TEXTS))
    for name, value in product(names, values)
]
EVERY = 17  # of these for one address, and the others for those after it
PLACES = [
    "100000000000000000000", "9223372036854775808", "-1", "0", "%00", "9" * 4000, "%D9%A3", "x",
    "1e3", "%FF", "_00", "..%2F", "1%0a", "%ED%A0%80", "10000-01-01", "700007%20",
]  # fmt: skip
ROUTES = sorted(route for route in TABLE if not route.endswith("logout/"))


@pytest.fixture
def client(db: None) -> Client:
    """A superuser's, who comes furthest, in a database where there is something to ask about."""
    client = client_of(populate(), "superuser")
    client.raise_request_exception = False
    return client


def errors(client: Client, addresses: list[str], method: str = "get") -> dict[str, int]:
    """Return the addresses that are answered with an error of ours, and with which."""
    found = {address: getattr(client, method)(address).status_code for address in addresses}
    return {address[:100]: status for address, status in found.items() if status >= 500}


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_place_in_an_address_is_an_error_of_ours(client: Client, method: str):
    addresses = [
        "/" + re.sub(r"<[^>]+>", place, route)
        for route in ROUTES
        if "<" in route and "app_label" not in route
        for place in PLACES
    ]
    assert errors(client, addresses, method) == {}


def test_no_query_is_an_error_of_ours(client: Client):
    addresses = [
        f"{address_of(route)}?{query}"
        for number, route in enumerate(ROUTES)
        for query in QUERIES[number % EVERY :: EVERY]
    ]
    assert errors(client, addresses) == {}


def test_no_row_that_a_form_of_the_admin_names_is_an_error_of_ours(client: Client):
    found = {}
    for value in ("", "abc", "-1", "1e3", "9" * 30, "9" * 5000, "\0", "None"):
        for model, action in (
            ("auth/user", "delete_selected"),
            ("auth/group", "delete_selected"),
            ("economy/account", "correct_selected"),
        ):
            named = {"action": action, "_selected_action": value}
            found[model, value] = client.post(f"/admin/{model}/", named).status_code
        address = address_of("admin/auth/user/<path:object_id>/delete/")
        found["_to_field", value] = client.post(address, {"_to_field": value[:9]}).status_code
    assert {about: status for about, status in found.items() if status >= 500} == {}
