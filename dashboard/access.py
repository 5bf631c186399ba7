"""Who may see what. Decided here and nowhere else: pages, API and socket ask these functions."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.sessions.models import Session
from django.utils import timezone


def may_view(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Tell whether `user` may see the dashboard: active, and staff or allowed to view events."""
    if not user.is_authenticated or not user.is_active:
        return False
    return bool(getattr(user, "is_staff", False) or user.has_perm("dashboard.view_event"))  # type: ignore[union-attr]


class Gone(str):
    """Why a socket has to go."""
