"""From a finished command to its event: completed, refused (theirs), failed (ours)."""

from botworker import replies
from botworker.errors import NotAnswered, fingerprint
from botworker.invocation import Invocation
from botworker.records import Record
from dashboard.models import Level
from dashboard.runs import Fault

FAMILY = "bot.command_"


def record_of(invocation: Invocation) -> Record:
    """Return the one event that tells how `invocation` ended."""
    command = f"/{invocation.command}"
    if invocation.failure is not None:
        return _failed(invocation, command, invocation.failure)
    if invocation.refusal is not None:
        why = replies.reason(invocation.refusal, member=invocation.member, command=command)
        return Record(
            kind=FAMILY + "refused",
            message=f"Refused: {why}",
            origin=invocation.origin,
            duration_ms=invocation.duration_ms,
            data={"refusal": type(invocation.refusal).__name__},
            once=FAMILY,
            outcome="refused",
        )
    return Record(
        kind=FAMILY + "completed",
        message=f"{command} for {invocation.member}",
        origin=invocation.origin,
        duration_ms=invocation.duration_ms,
        once=FAMILY,
        outcome="completed",
    )


def _failed(invocation: Invocation, command: str, failure: BaseException) -> Record:
    error = failure
    message = f"{command} for {invocation.member} failed: {type(error).__name__}"
    if isinstance(failure, NotAnswered):
        error = failure.__cause__ or failure
        message = f"{command} for {invocation.member} ran, but Discord did not take its answer"
    print_, where = fingerprint(error)
    return Record(
        kind=FAMILY + "failed",
        level=Level.ERROR,
        message=message,
        origin=invocation.origin,
        duration_ms=invocation.duration_ms,
        # The text of the error stays in the process's own log: it may name what is nobody's to see.
        data={"error": type(error).__name__, "fingerprint": print_, "where": where},
        once=FAMILY,
        outcome="failed",
        fault=Fault(print_, type(error).__name__, where),
    )
