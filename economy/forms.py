"""What staff fill in to act on an account."""

from django import forms

from economy.models import BALANCE_MAX
from economy.services.corrections import REASON_MAX


class ActForm(forms.Form):
    """An act on an account: why, and the id that makes it happen once."""

    reason = forms.CharField(
        max_length=REASON_MAX,
        help_text="Everybody who may see the event log can read it, for ever.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    request = forms.UUIDField(widget=forms.HiddenInput)


class FreezeForm(ActForm):
    """Whether the account shall be frozen, as it was offered, and why."""

    frozen = forms.BooleanField(required=False, widget=forms.HiddenInput)


class CorrectionForm(ActForm):
    """How many coins to give or to take, and why."""

    amount = forms.IntegerField(
        min_value=-BALANCE_MAX,
        max_value=BALANCE_MAX,
        help_text="Coins: above zero to give, below zero to take.",
    )
    field_order = ("amount", "reason", "request")

    def clean_amount(self) -> int:
        """Refuse zero, which corrects nothing."""
        amount: int = self.cleaned_data["amount"]
        if amount == 0:
            raise forms.ValidationError("Zero coins correct nothing.")
        return amount
