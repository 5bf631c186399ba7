"""The Django admin: for those `access` lets in, through the one page that signs people in."""

from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest, FieldDoesNotExist, PermissionDenied
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from dashboard import access
from dashboard.signin import SignIn

_NAMING = {"_selected_action", "_to_field"}


class AuroraAdminSite(AdminSite):
    """One sign-in and one page to change a password, for everybody."""

    site_header = site_title = "Aurora"
    index_title = "Accounts, ledger, people"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in whoever may administer."""
        return access.may_administer(request.user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Answer 400 where an address makes no sense to Python or the database: Django would fail.

        A year that does not exist, for one, or a field, or a name with a NUL in it. The same goes
        for the fields of a form that name a row or a field, which Django takes as they come.
        """
        inner: Any = super().admin_view(view, cacheable)

        @wraps(inner)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if "\0" in request.path:
                raise BadRequest("There is a NUL in the address.")
            try:
                answered: HttpResponseBase = inner(request, *args, **kwargs)
                return answered
            except (DataError, FieldDoesNotExist, OverflowError, ValueError) as error:
                if not (request.GET or _NAMING & request.POST.keys()):
                    raise
                raise BadRequest("The query makes no sense.") from error

        return answer

    def login(  # type: ignore[override]  # any response will do
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Answer the page that signs people in; to somebody who is signed in say no."""
        if not request.user.is_authenticated:
            return SignIn.as_view(next_page=reverse("admin:index"))(request)
        if not self.has_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:index"))

    def password_change(  # type: ignore[override]  # the page is another
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the page on which everybody changes their own password."""
        return HttpResponseRedirect(reverse("password"))
