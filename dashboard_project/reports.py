"""The page that DEBUG shows of an error, without our secrets."""

from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

from dashboard_project.logs import scrub


class Reporter(ExceptionReporter):
    """Django's, which knows a secret by the name of its setting: REDIS_URL sounds like none."""

    def get_traceback_html(self) -> SafeString:
        """Return the page."""
        return SafeString(scrub(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        """Return the same as text, for clients that are no browsers."""
        return SafeString(scrub(super().get_traceback_text()))
