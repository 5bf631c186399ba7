"""Tables as CSV that no spreadsheet executes, streamed: the size of a table costs no memory.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is a formula to spreadsheets,
whoever typed it. Such text gets an apostrophe in front, which makes it text. Numbers stay numbers:
a value that is an `int` or a `float` here never was anybody's text.
"""

import csv
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from dashboard import audit
from dashboard.frames import timestamp

BATCH_ROWS = 500
BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for something else, and garbles names."""

# Where a cell begins. Also after what divides cells elsewhere: a spreadsheet whose language writes
# 1,5 splits at semicolons, and then knows no quotes that began earlier, but takes those that follow
# for its own: of `x;"=1` it reads a cell with `=1`. The wide forms of the four signs count in the
# languages that type them. Written out, a quote is doubled; how many there are does not matter.
_FORMULA = re.compile(r"""(?:^|(?<=[;\t\r\n]))(?=[\s"]*[=+\-@＝＋－＠])|^(?=[\t\r\n])""")

Row = Sequence[object]


def cell(value: object) -> str:
    """Return `value` as the text of a cell: inert if it is text, exact if it is a number of ours.

    None is an empty cell, a time ISO 8601 in UTC.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return timestamp(value)
    return _FORMULA.sub("'", str(value))


def lines(rows: Iterable[Row]) -> str:
    """Return `rows` as lines of CSV."""
    text = StringIO()
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def csv_response(
    request: HttpRequest, *, name: str, header: Row, batches: Iterator[Sequence[Row]]
) -> StreamingHttpResponse:
    """Answer with the file `name`.csv: the header, then the rows of each batch as it is read.

    `batches` is taken from in the thread of the ORM, one batch at a time. The audit log tells who
    took what, and by which filter.
    """
    audit.record(
        action="data.exported", target=f"{name}.csv", after=dict(request.GET.lists()) or None
    )
    content = _texts(header, batches)
    response = StreamingHttpResponse(
        _from_loop(content) if isinstance(request, ASGIRequest) else content,
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def by_keyset(
    queryset: QuerySet[Any], rows_of: Callable[[Any], Iterable[Row]]
) -> Iterator[Sequence[Row]]:
    """Return the rows of every object of `queryset`, newest first, in batches by primary key.

    Each batch is a query of its own, so that a slow reader holds neither a cursor nor a
    transaction; what is written meanwhile is newer, and not part of it.
    """
    ordered = queryset.order_by("-pk")
    batch: list[Model] = list(ordered[:BATCH_ROWS])
    while batch:
        yield [row for found in batch for row in rows_of(found)]
        batch = list(ordered.filter(pk__lt=batch[-1].pk)[:BATCH_ROWS])


def _texts(header: Row, batches: Iterator[Sequence[Row]]) -> Iterator[str]:
    yield BYTE_ORDER_MARK + lines([header])
    for batch in batches:
        yield lines(batch)


async def _from_loop(texts: Iterator[str]) -> AsyncIterator[str]:
    """Read where the ORM lives: an iterator would be read to its end before the first byte."""
    take = sync_to_async(lambda: next(texts, None))
    while (text := await take()) is not None:
        yield text
