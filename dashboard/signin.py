"""Signing in, and changing one's password."""

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse_lazy


class SignIn(LoginView):
    """Sign in with a name and a password; the session gets a new key."""

    redirect_authenticated_user = True


class ChangePassword(PasswordChangeView):
    """Change one's own password: this session goes on under a new key, all others have ended."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("password")

    @transaction.atomic
    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Save it and say so."""
        response = super().form_valid(form)
        messages.success(
            self.request, "Your password is changed. Wherever else you were signed in, you are not."
        )
        return response
