"""What most pages begin with: the bills of the workspace, and the one that is looked at."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy import Connection, select

from api.access import workspace_of
from api.bill_rows import list_bill_rows
from api.jobs import describe_job
from api.problems import not_found
from api.state import state_of
from api.store.tables import JOB


@dataclass(frozen=True, slots=True)
class Chosen:
    """Bills, the chosen one among those that are ready, and a job that makes one."""

    bills: list[dict[str, Any]]
    bill: dict[str, Any] | None
    job: dict[str, Any] | None

    @property
    def values(self) -> dict[str, Any]:
        """What the templates call them."""
        return {"bills": self.bills, "bill": self.bill, "job": self.job}


async def choose(request: Request) -> Chosen:
    """Return the bill named in the address, or the newest.

    Raises:
        Problem: 404, there is no such bill.
    """
    workspace, asked = workspace_of(request), request.query_params.get("bill")

    def work(connection: Connection) -> Chosen:
        bills = list_bill_rows(connection, workspace, 200, None)
        ready = [bill for bill in bills if bill["facts"]]
        chosen = [bill for bill in ready if bill["id"] == asked] if asked else ready
        if asked and not chosen:
            raise not_found("bill", asked)
        job = job_under_way(connection, workspace, ("import-bill", "sample-bill"))
        return Chosen(ready, chosen[0] if chosen else None, None if chosen else job)

    return await state_of(request).database.run(work)


def job_under_way(
    connection: Connection, workspace: str, kinds: tuple[str, ...]
) -> dict[str, Any] | None:
    """Return the newest job of some kinds that has not ended."""
    query = (
        select(JOB)
        .where(
            JOB.c.workspace_id == workspace,
            JOB.c.kind.in_(kinds),
            JOB.c.status.in_(("queued", "running")),
        )
        .order_by(JOB.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else describe_job(row)
