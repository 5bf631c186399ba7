"""The pages on which staff act on an account: a form, a confirmation, then the service."""

from collections.abc import Callable
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from dashboard.admin import ReadOnlyAdmin
from economy.errors import (
    BalanceOverflow,
    EconomyError,
    InsufficientFunds,
    ReasonMissing,
    RequestMismatch,
)
from economy.forms import ActForm, CorrectionForm, FreezeForm
from economy.models import Account
from economy.services import correct_balance, set_frozen
from economy.text import coins


def may_correct(request: HttpRequest) -> bool:
    """Whether the signed-in user may correct balances."""
    return request.user.has_perm("economy.correct_account")


def may_freeze(request: HttpRequest) -> bool:
    """Whether the signed-in user may freeze and unfreeze accounts."""
    return request.user.has_perm("economy.freeze_account")


def correct(admin: ReadOnlyAdmin, request: HttpRequest, account_id: int) -> HttpResponse:
    """Ask how many coins to give or take, ask again, then correct through the ledger."""
    account = _account(request, account_id, allowed=may_correct(request))
    form = CorrectionForm(request.POST or None, initial={"request": uuid4()})

    def question() -> str:
        amount = form.cleaned_data["amount"]
        deed = f"Give {coins(amount)} to" if amount > 0 else f"Take {coins(-amount)} from"
        change = f"from {coins(account.balance)} to {coins(account.balance + amount)}"
        return f"{deed} {account}? The balance goes {change}."

    def act() -> str:
        done = correct_balance(
            request_id=f"admin:{form.cleaned_data['request']}",
            account_id=account_id,
            amount=form.cleaned_data["amount"],
            author=request.user.get_username(),
            reason=form.cleaned_data["reason"],
        )
        if done.repeated:
            return f"This correction was made before: the balance was {coins(done.balance)} then."
        admin.log_change(
            request, account, f"Corrected by {done.amount:+}: transaction {done.transaction_id}."
        )
        return f"The balance of {account} is {coins(done.balance)} now."

    return _page(admin, request, account, form, "Correct the balance", question, act)


def freeze(admin: ReadOnlyAdmin, request: HttpRequest, account_id: int) -> HttpResponse:
    """Ask why, ask again, then freeze the account, or unfreeze a frozen one."""
    account = _account(request, account_id, allowed=may_freeze(request))
    # What was offered counts, not what the account has become meanwhile.
    frozen = request.POST.get("frozen", str(not account.frozen)) == "True"
    verb, state = ("Freeze", "frozen") if frozen else ("Unfreeze", "not frozen")
    form = FreezeForm(request.POST or None, initial={"request": uuid4(), "frozen": frozen})

    def question() -> str:
        effect = "can neither claim, send nor receive" if frozen else "can claim, send and receive"
        return f"{verb} the account of {account}? The member {effect} then."

    def act() -> str:
        if set_frozen(
            account_id=account_id,
            frozen=frozen,
            author=request.user.get_username(),
            reason=form.cleaned_data["reason"],
        ):
            admin.log_change(request, account, f"Made {state}.")
        return f"The account of {account} is {state} now."

    return _page(admin, request, account, form, f"{verb} the account", question, act)


def _account(request: HttpRequest, account_id: int, *, allowed: bool) -> Account:
    if not allowed:
        raise PermissionDenied
    return get_object_or_404(Account, id=account_id, system="")


def _page(
    admin: ReadOnlyAdmin,
    request: HttpRequest,
    account: Account,
    form: ActForm,
    title: str,
    question: Callable[[], str],
    act: Callable[[], str],
) -> HttpResponse:
    """Show the form; when it is filled in, the question; when that is confirmed, act."""
    filled_in = request.method == "POST" and form.is_valid()
    if filled_in and "confirm" in request.POST:
        try:
            done = act()
        except EconomyError as error:
            form.add_error(None, _sentence(error))
            filled_in = False
        else:
            admin.message_user(request, done, messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:economy_account_change", args=[account.id]))
    context = {
        **admin.admin_site.each_context(request),
        "opts": Account._meta,
        "account": account,
        "form": form,
        "title": title,
        "question": question() if filled_in else "",
    }
    return render(request, "admin/economy/account/act.html", context)


def _sentence(error: EconomyError) -> str:
    match error:
        case InsufficientFunds(balance=balance):
            return f"The account holds {coins(balance)}: so many cannot be taken."
        case BalanceOverflow(maximum=maximum):
            return f"A balance cannot pass {coins(maximum)}."
        case ReasonMissing():
            return "Give a reason that can be read."
        case RequestMismatch():
            return "This form was used before, for something else. Open it again."
        case _:
            return f"The economy refused: {type(error).__name__}."
