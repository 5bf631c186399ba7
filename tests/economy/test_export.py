"""Accounts, ledger and claims as CSV: for those who may see them, whole, and inert."""

import csv
import io
import urllib.error
import urllib.request

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from dashboard import csv_export
from economy.models import Entry
from tests.economy.bank import ADA, NOOR, claim, correct, give, transfer
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db

MODELS = ["account", "transaction", "claim"]
HISTORY = reverse("admin:economy_account_entries", args=[ADA])


def address(model: str) -> str:
    return reverse(f"admin:economy_{model}_export")


def table(content: bytes) -> list[dict[str, str]]:
    text = content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read(client, url: str, **query: object) -> list[dict[str, str]]:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer
    return table(answer.getvalue())


@pytest.fixture
def clerk(client, staff: User) -> User:
    """Staff who may see everything of the economy, and change nothing; signed in."""
    names = [f"view_{model}" for model in MODELS]
    staff.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client.force_login(staff)
    return staff


def test_accounts_are_exported_with_exact_balances_and_inert_names(client, clerk):
    claim(ADA, member_name="=HYPERLINK(1)")
    rows = {row["account"]: row for row in read(client, address("account"))}
    assert rows[str(ADA)]["name"] == "'=HYPERLINK(1)"
    assert rows[str(ADA)]["balance"] == "110"
    assert rows["1"]["balance"] == "-110"  # the mint's: a number, so no apostrophe


def test_the_ledger_is_exported_entry_by_entry_and_sums_to_zero(client, clerk):
    give(ADA, 500)
    transfer(ADA, NOOR, 20, receiver_name="@noor")
    correct(ADA, -30, reason="+lost bet", author="-maria")
    rows = read(client, address("transaction"))
    assert len(rows) == Entry.objects.count()
    assert sum(int(row["coins"]) for row in rows) == 0
    assert rows[0] | {"at": ""} == {
        "transaction": rows[0]["transaction"],
        "at": "",
        "kind": "correction",
        "request": rows[0]["request"],
        "author": "'-maria",
        "reason": "'+lost bet",
        "account": str(ADA),
        "account name": f"member {ADA}",
        "coins": "-30",
        "balance after": "450",
    }
    assert "'@noor" in {row["account name"] for row in rows}


def test_claims_are_exported(client, clerk):
    claim(ADA, member_name="ada")
    (row,) = read(client, address("claim"))
    assert (row["account name"], row["streak"], row["reward"], row["bonus"]) == (
        "ada",
        "1",
        "110",
        "0",
    )


def test_the_history_of_an_account_is_exported_in_batches_without_gap_or_repetition(
    client, clerk, monkeypatch
):
    monkeypatch.setattr(csv_export, "BATCH_ROWS", 3)
    give(ADA, 500)
    for _ in range(7):
        transfer(ADA, NOOR, 1)
    balances = [row["balance after"] for row in read(client, HISTORY)]
    assert balances == [*map(str, range(493, 501)), "110"]


def test_an_export_holds_what_the_list_was_filtered_to(client, clerk):
    claim(ADA, member_name="ada")
    claim(NOOR, member_name="noor")
    assert {row["name"] for row in read(client, address("account"), q="noo")} == {"noor"}
    assert {row["name"] for row in read(client, address("account"), frozen__exact="1")} == set()
    assert {row["account"] for row in read(client, address("transaction"), q=NOOR)} == {
        "1",
        str(NOOR),
    }


def test_the_pages_lead_to_their_exports(client, clerk):
    claim(ADA)
    for model in MODELS:
        page = client.get(reverse(f"admin:economy_{model}_changelist"), {"q": str(ADA)})
        assert f'href="export/?q={ADA}"' in page.content.decode()
    page = client.get(reverse("admin:economy_account_change", args=[ADA]))
    assert f'href="{HISTORY}"' in page.content.decode()


@pytest.mark.parametrize("url", [HISTORY, *map(address, MODELS)])
def test_an_export_needs_the_right_to_see_the_rows(client, staff, url):
    claim(ADA)
    assert client.get(url).status_code == 302
    client.force_login(staff)
    assert client.get(url).status_code == 403


@pytest.mark.parametrize("query", ["p=99999999999999999999", "q=%00", "frozen__exact=x", "x=1"])
def test_an_impossible_filter_is_answered(client, clerk, query):
    assert client.get(f"{address('account')}?{query}").status_code in {200, 302}


@pytest.mark.parametrize("account_id", [5, 10**19, 10**30])
def test_there_is_no_history_of_an_account_that_is_not_there(client, clerk, account_id):
    url = reverse("admin:economy_account_entries", args=[account_id])
    assert client.get(url).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_running_server_streams_the_export(live_web: LiveWeb, admin: User):
    claim(ADA, member_name="=ada")
    cookie = live_web.cookie(admin)
    request = urllib.request.Request(
        live_web.url + address("account"), headers={"Cookie": f"{cookie['name']}={cookie['value']}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Length"] is None
        assert "'=ada" in {row["name"] for row in table(answer.read())}
    assert not [line for line in live_web.lines if "Warning" in line]
