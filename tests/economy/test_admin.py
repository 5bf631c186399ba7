"""The admin of the economy: all can be read, and only acts through the services change it."""

import re
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from dashboard.models import Event
from economy.models import Account, Claim, Transaction
from economy.queries import balance
from tests.economy.bank import ADA, NOOR, PELLE, claim, everything, give, transfer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound_ledger")]

CORRECT = reverse("admin:economy_account_correct", args=[ADA])
FREEZE = reverse("admin:economy_account_freeze", args=[ADA])
ACCOUNT = reverse("admin:economy_account_change", args=[ADA])


@pytest.fixture
def maria(client) -> User:
    """Staff who may see and correct accounts, not freeze them; signed in."""
    maria = User(username="maria", is_staff=True)
    maria.save()
    names = ["view_account", "view_transaction", "view_claim", "correct_account"]
    maria.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(maria)
    return maria


@pytest.fixture
def freezer(maria: User) -> User:
    maria.user_permissions.add(Permission.objects.get(codename="freeze_account"))
    return maria


def _hidden(response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, response.content.decode()
    return unescape(found[1])


def _correct(client, amount: int, reason: str = "lost bet"):
    """Go through the pages as a browser does; return the last form's data and the answer."""
    form = {"amount": amount, "reason": reason}
    form["request"] = _hidden(client.get(CORRECT), "request")
    asked = client.post(CORRECT, form)
    assert "Yes, do it" in asked.content.decode()
    form = {name: _hidden(asked, name) for name in ("amount", "reason", "request")}
    form["confirm"] = "Yes, do it"
    return form, client.post(CORRECT, form, follow=True)


@pytest.mark.parametrize("amount", [40, -40])
def test_a_correction_is_asked_twice_and_signed_by_who_is_signed_in(client, maria, amount):
    claim(ADA, member_name="ada")
    _, done = _correct(client, amount)
    assert f"The balance of ada is {110 + amount} coins now." in done.content.decode()
    assert balance(ADA) == 110 + amount
    correction = Transaction.objects.get(kind="correction")
    assert (correction.author, correction.reason) == ("maria", "lost bet")
    assert Event.objects.latest("seq").data["author"] == "maria"
    assert LogEntry.objects.get().user == maria


def test_nothing_is_corrected_before_the_confirmation(client, maria):
    claim(ADA, member_name="ada")
    before = everything()
    request = _hidden(client.get(CORRECT), "request")
    asked = client.post(CORRECT, {"amount": -40, "reason": "lost bet", "request": request})
    assert "Take 40 coins from ada?" in asked.content.decode()
    assert "from 110 coins to 70 coins" in asked.content.decode()
    assert everything() == before


def test_a_confirmation_sent_twice_corrects_once(client, maria):
    claim(ADA)
    form, _ = _correct(client, 40)
    again = client.post(CORRECT, form, follow=True)
    assert "was made before" in again.content.decode()
    assert balance(ADA) == 150


def test_a_correction_below_zero_is_refused_with_a_sentence(client, maria):
    claim(ADA)
    before = everything()
    _, answer = _correct(client, -111)
    assert "The account holds 110 coins: so many cannot be taken." in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize(
    "form",
    [
        {"amount": "0", "reason": "x"},
        {"amount": "9223372036854775808", "reason": "x"},
        {"amount": "1.5", "reason": "x"},
        {"amount": "1", "reason": ""},
        {"amount": "1", "reason": "x" * 201},
        {"amount": "1", "reason": "\x00"},
        {"amount": "1", "reason": "x", "request": "not an id"},
        {},
    ],
)
def test_a_form_that_makes_no_sense_is_shown_again(client, maria, form):
    claim(ADA)
    before = everything()
    request = _hidden(client.get(CORRECT), "request")
    answer = client.post(CORRECT, {"request": request, "confirm": "yes", **form})
    assert answer.status_code == 200
    assert everything() == before


def test_a_reason_is_shown_as_text(client, maria):
    claim(ADA, member_name="<img src=x>")
    _, done = _correct(client, 1, reason="<script>alert(1)</script>")
    html = done.content.decode()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;" in html


def test_an_account_is_frozen_and_unfrozen_with_a_reason(client, freezer):
    claim(ADA, member_name="ada")
    for frozen, kind in ((True, "economy.account_frozen"), (False, "economy.account_unfrozen")):
        page = client.get(FREEZE)
        form = {"reason": "alts", "confirm": "yes"}
        form |= {name: _hidden(page, name) for name in ("request", "frozen")}
        client.post(FREEZE, form, follow=True)
        assert Account.objects.get(id=ADA).frozen is frozen
        client.post(FREEZE, form)  # sent twice, it does not turn back
        assert Account.objects.get(id=ADA).frozen is frozen
        assert Event.objects.latest("seq").kind == kind


@pytest.mark.parametrize("url", [CORRECT, FREEZE])
@pytest.mark.parametrize("method", ["get", "post"])
def test_acts_need_their_own_permission(client, staff, url, method):
    claim(ADA)
    staff.user_permissions.add(Permission.objects.get(codename="view_account"))
    client.force_login(staff)
    assert getattr(client, method)(url).status_code == 403
    assert "Correct balance" not in client.get(ACCOUNT).content.decode()


@pytest.mark.parametrize("account_id", [1, 2, NOOR, 10**30])
def test_system_and_unknown_accounts_cannot_be_acted_on(client, maria, account_id):
    url = reverse("admin:economy_account_correct", args=[account_id])
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("model", [Account, Transaction, Claim])
@pytest.mark.parametrize("act", ["add", "change", "delete"])
def test_not_even_a_superuser_changes_rows_past_the_ledger(client, admin, model, act):
    claim(ADA)
    client.force_login(admin)
    name, row = f"admin:economy_{model._meta.model_name}_{act}", model.objects.latest("pk")
    before = everything()
    url = reverse(name) if act == "add" else reverse(name, args=[row.pk])
    assert client.post(url, {"balance": 5, "post": "yes"}).status_code == 403
    listing = reverse(f"admin:economy_{model._meta.model_name}_changelist")
    client.post(listing, {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    assert everything() == before


def test_an_account_shows_its_history_with_the_running_balance(client, maria):
    give(ADA, 500)
    transfer(ADA, NOOR, 20, receiver_name="noor")
    html = client.get(ACCOUNT).content.decode()
    assert re.findall(r"<td>([+-]\d+)</td>\s*<td>(\d+)</td>", html) == [
        ("-20", "480"),
        ("+390", "500"),
        ("+110", "110"),
    ]
    assert "<td>test</td>" in html


def test_a_long_history_is_paged_without_gap_or_repetition(client, maria):
    give(ADA, 500)
    for _ in range(60):
        transfer(ADA, NOOR, 1)
    first = client.get(ACCOUNT).content.decode()
    older = re.search(r'href="(\?before=\d+)"', first)
    assert older
    second = client.get(ACCOUNT + older[1]).content.decode()
    balances = [int(b) for page in (first, second) for b in re.findall(r"<td>(\d+)</td>", page)]
    assert balances == [*range(440, 501), 110]


@pytest.mark.parametrize(
    ("model", "term", "found"),
    [
        ("account", "noo", 1),
        ("account", str(NOOR), 1),
        ("account", "nobody", 0),
        ("transaction", "noor", 2),
        ("transaction", str(PELLE), 1),
        ("transaction", "interaction 7", 1),
        ("claim", "noor", 1),
        ("claim", str(NOOR), 1),
        ("claim", str(PELLE), 0),
    ],
)
def test_search_finds_by_id_and_name(client, maria, model, term, found):
    claim(NOOR, member_name="noor")
    claim(ADA, member_name="ada", request_id="interaction 7")
    transfer(NOOR, PELLE, 1)
    answer = client.get(reverse(f"admin:economy_{model}_changelist"), {"q": term})
    assert answer.context["cl"].result_count == found


@pytest.mark.parametrize("model", ["account", "transaction", "claim"])
@pytest.mark.parametrize("term", ["9" * 30, "9" * 19, "\x00", "%", "'", "\u0663", "x" * 5000, " "])
def test_any_search_is_answered(client, maria, model, term):
    url = reverse(f"admin:economy_{model}_changelist")
    assert client.get(url, {"q": term}).status_code in {200, 302}


@pytest.mark.parametrize("before", ["0", "9" * 30, "-1", "x", "\x00"])
def test_any_position_in_a_history_is_answered(client, maria, before):
    claim(ADA)
    assert client.get(ACCOUNT, {"before": before}).status_code == 200


def test_the_list_action_leads_to_the_correction_of_one_account(client, maria):
    claim(ADA)
    claim(NOOR)
    listing = reverse("admin:economy_account_changelist")
    data = {"action": "correct_selected", "_selected_action": [ADA]}
    assert client.post(listing, data).headers["Location"] == CORRECT
    data["_selected_action"] = [ADA, NOOR]
    assert "Select one account" in client.post(listing, data, follow=True).content.decode()


def test_pages_hold_nothing_that_the_policy_forbids(client, freezer):
    claim(ADA)
    row = Transaction.objects.latest("pk").pk
    urls = [ACCOUNT, CORRECT, FREEZE, reverse("admin:economy_transaction_change", args=[row])]
    for url in urls:
        answer = client.get(url)
        html = answer.content.decode()
        assert "Content-Security-Policy" in answer.headers
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", html), url
