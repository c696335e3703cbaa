"""The forms beside anomalies: expected, confirmed, taken back."""

import glob
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from api.access import workspace_of
from api.documents import delete_document
from api.state import state_of
from api.verdicts import put_verdict, verdict_name
from api.web.door import page_router

router = page_router()

_Bill = Annotated[str, Form(max_length=64)]


@router.post("/verdicts")
async def judge(
    request: Request,
    monitor: Annotated[str, Form(min_length=1, max_length=250)],
    first: Annotated[date, Form()],
    last: Annotated[date, Form()],
    verdict: Annotated[Literal["ignore", "confirm"], Form()],
    bill: _Bill = "",
) -> Response:
    """Say of an anomaly that it was expected, or that it is one."""
    workspace = workspace_of(request)
    stored = _stored(monitor, first, last, verdict)
    await state_of(request).database.run(lambda c: put_verdict(c, workspace, stored))
    return _back(bill)


@router.post("/verdicts/delete")
async def take_back(
    request: Request, id: Annotated[str, Form(max_length=64)], bill: _Bill = ""
) -> Response:
    """Take a verdict back."""
    workspace = workspace_of(request)
    await state_of(request).database.run(lambda c: delete_document(c, workspace, "verdict", id))
    return _back(bill)


def _back(bill: str) -> Response:
    return RedirectResponse(f"/?{urlencode({'bill': bill})}#anomalies" if bill else "/", 303)


def _stored(monitor: str, first: date, last: date, verdict: str) -> dict[str, Any]:
    # The form is about this series alone, also where its name has a wildcard in it.
    return {"monitor": glob.escape(monitor), "from": first.isoformat(), "to": last.isoformat(),
            "verdict": verdict, "note": ""}  # fmt: skip


def judged(
    anomalies: Sequence[Mapping[str, Any]], verdicts: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return anomalies as the page shows them: last day, main cause, the verdict's id."""
    known = {row["name"]: row["id"] for row in verdicts}
    shown = []
    for one in anomalies:
        last = date.fromisoformat(one["end"]) - timedelta(days=1)
        stored = _stored(one["monitor"], date.fromisoformat(one["start"]), last, "confirm")
        causes = one["causes"]
        shown.append(
            {
                **one,
                "last": last.isoformat(),
                "cause": causes[0]["value"] if causes else "",
                "verdict_id": known.get(verdict_name(stored), ""),
            }
        )
    return shown


def ignored(verdicts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what is ignored, in words."""
    return [
        {"id": row["id"], "note": row["note"], "from": row["from"], "to": row["to"],
         "monitor": row["monitor"].replace("[*]", "*").replace("[?]", "?").replace("[[]", "[")}
        for row in verdicts
        if row["verdict"] == "ignore"
    ]  # fmt: skip
