"""One check of a workspace's spend: its budgets and its anomalies, against the bills it has."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, select

from api.alerting import Alerting
from api.bill_rows import describe_bill
from api.problems import one_line
from api.settings import Settings
from api.store.database import Database
from api.store.tables import BILL
from costmodel import CostModelError, read_bill
from costmodel.budget.spend import NeedsDaysError
from costmodel.io.delivery.outbox import StaleEvaluationError

if TYPE_CHECKING:
    from costmodel import Bill

_TRIES: Final = 3  # somebody may check by hand at the same moment


def check_spend(
    settings: Settings,
    database: Database,
    workspace: str,
    now: datetime,
    report: Callable[[float, str], None],
) -> dict[str, Any]:
    """Hold a workspace's budgets against its bills and look for anomalies; queue what is new.

    What the one part cannot do does not keep the other from its work.

    Raises:
        CostModelError: what went wrong in either.
    """
    with database.transaction() as connection:
        used, left_out = choose_bills(_ready_bills(connection, workspace))
    result: dict[str, Any] = {"bills": used, "left_out": left_out, "as_of": now.isoformat()}
    if not used:
        return result
    report(0.1, "reading")
    folder = settings.data / "bills" / workspace
    bill = read_bill(*[str(Path(folder) / one / "dataset") for one in used])
    alerting = Alerting(settings, database)
    problems: list[str] = []
    for progress, part in ((0.3, _check_budgets), (0.6, _check_anomalies)):
        report(progress, "checking")
        try:
            result |= _repeated(partial(part, alerting, workspace, bill, now))
        except CostModelError as error:
            problems.append(one_line(error))
    problems += result.get("problems", [])
    if problems:
        raise CostModelError("; ".join(problems))
    return result


def _repeated(part: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    for _ in range(_TRIES - 1):
        try:
            return part()
        except StaleEvaluationError:
            continue
    return part()


def _check_budgets(
    alerting: Alerting, workspace: str, bill: "Bill", now: datetime
) -> dict[str, Any]:
    budgets, problems = alerting.read_budgets(workspace)
    if not budgets:
        return {"budgets": 0, "in_alarm": [], "alerts": 0, "problems": problems}
    found = alerting.check(workspace, bill, now, send=True)
    alarms = [status.budget.name for status in found.statuses if status.state == "ALARM"]
    return {
        "budgets": len(found.statuses),
        "in_alarm": alarms,
        "alerts": len(found.alerts),
        "problems": problems,
    }


def _check_anomalies(
    alerting: Alerting, workspace: str, bill: "Bill", now: datetime
) -> dict[str, Any]:
    try:
        return {"anomalies": alerting.tell_anomalies(workspace, bill, now)}
    except NeedsDaysError as error:
        return {"anomalies": None, "note": str(error)}


def _ready_bills(connection: Connection, workspace: str) -> list[dict[str, Any]]:
    query = select(BILL).where(BILL.c.workspace_id == workspace, BILL.c.facts != "{}")
    return [describe_bill(row) for row in connection.execute(query).mappings()]


def choose_bills(bills: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the ids of the bills that make one series without overlap, and those left out.

    The one that reaches furthest comes first (of two, the newer); then each that ends before all
    of those begin, as months uploaded one by one do, in the same format and currency.
    """
    used: list[Mapping[str, Any]] = []
    left_out: list[str] = []
    ordered = sorted(bills, key=lambda bill: (bill["facts"]["last"] or "", bill["id"]))
    for bill in reversed(ordered):
        if not used or (_kind(bill) == _kind(used[-1]) and _is_before(bill, used[-1])):
            used.append(bill)
        else:
            left_out.append(bill["id"])
    return [bill["id"] for bill in used], left_out


def _kind(bill: Mapping[str, Any]) -> tuple[Any, Any]:
    return bill["facts"]["formats"], bill["facts"]["currencies"]


def _is_before(bill: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    end, begin = bill["facts"]["last"], later["facts"]["first"]
    return end is not None and begin is not None and end <= begin
