"""Read an account: every call of the registry, in every region, many at once."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, Final

from costmodel.errors import Issue, IssueReason
from costmodel.io.inventory.account import Account
from costmodel.io.inventory.answer import find
from costmodel.io.inventory.ask import Refusal, ask, whole
from costmodel.io.inventory.registry import Call, staged
from costmodel.io.inventory.rows import finish_row, item_row

Rows = dict[str, list[dict[str, Any]]]
Progress = Callable[[int, int, str], None]

GLOBAL: Final = "global"
_LONGEST_MESSAGE: Final = 300


@dataclass(frozen=True, slots=True)
class Task:
    """One API request: a call, where, with which arguments, for which rows."""

    call: Call
    region: str
    parameters: Mapping[str, Any]
    rows: Sequence[dict[str, Any]] = ()


@dataclass(slots=True)
class Reading:
    """What has been read so far.

    Attributes:
        rows: table → rows of raw values.
        read: tables of which at least one listing call succeeded.
        refusals: (call, region, code, message) → times.
        requests: calls made.
    """

    rows: Rows = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    refusals: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    requests: int = 0


def silent(done: int, total: int, label: str) -> None:
    """Show no progress."""


def read_account(account: Account, calls: Sequence[Call], progress: Progress = silent) -> Reading:
    """Make the calls, stage by stage; a refused call leaves its columns or table unknown."""
    reading = Reading()
    reading.rows["accounts"] = [_account_row(account)]
    reading.read.add("accounts")
    with ThreadPoolExecutor(account.workers) as pool:
        for stage in staged(tuple(calls)):
            tasks = [task for call in stage for task in _tasks(account, call, reading.rows)]
            futures = {pool.submit(_run, account, task): task for task in tasks}
            for done, future in enumerate(as_completed(futures), 1):
                _take(reading, futures[future], future.result())
                progress(done, len(tasks), futures[future].call.name)
            _drop_placeholders(reading, stage)
    return reading


def _account_row(account: Account) -> dict[str, Any]:
    return {
        "resource_id": account.account_id,
        "name": account.account_id,
        "account_id": account.account_id,
        "region_id": GLOBAL,
    }


def _run(account: Account, task: Task) -> list[Any] | Refusal:
    answer = ask(account, task.call, task.region, task.parameters)
    if isinstance(answer, Refusal) or task.call.items:
        return answer if isinstance(answer, Refusal) else _items(account, task, answer)
    document = {**whole(answer), **_context(account, task)}
    return [{name: find(text, document) for name, text in task.call.columns.items()}]


def _items(account: Account, task: Task, pages: Sequence[Any]) -> list[dict[str, Any]]:
    parent = task.rows[0] if task.rows else {}
    context = {**_context(account, task), "_parent": parent}
    place = {
        "partition": account.partition,
        "account_id": account.account_id,
        "region_id": GLOBAL if task.call.region else task.region,
    }
    return [
        item_row(task.call, item, context, place)
        for page in pages
        for item in find(task.call.items, page) or []
    ]


def _context(account: Account, task: Task) -> dict[str, Any]:
    return {"_account": account.account_id, "_region": task.region}


def _tasks(account: Account, call: Call, rows: Rows) -> Iterator[Task]:
    if call.per is not None:
        yield from _tasks_per_row(account, call, rows)
        return
    regions = [_at(account, call.region)] if call.region else list(account.regions)
    for region in regions:
        if call.region or account.serves(call.service, region):
            for parameters in _parameters(account, call):
                yield Task(call, region, parameters)


def _at(account: Account, region: str) -> str:
    return account.home_region if region in ("us-east-1", GLOBAL) else region


def _parameters(account: Account, call: Call) -> Iterator[dict[str, Any]]:
    fixed = dict(call.parameters)
    if call.account_parameter:
        fixed[call.account_parameter] = account.account_id
    if not call.each_parameter:
        yield fixed
        return
    for name, values in call.each_parameter.items():
        for value in values:
            yield {**fixed, name: value}


def _tasks_per_row(account: Account, call: Call, rows: Rows) -> Iterator[Task]:
    """Yield one task per row, per batch, or per distinct set of arguments."""
    per = call.per
    if per is None:
        return
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in rows.get(per.table, []):
        wanted = all(row.get(name) == value for name, value in per.where.items())
        if not wanted or any(row.get(name) is None for name in per.parameters.values()):
            continue
        names = per.same.values() if per.batch else per.parameters.values()
        key = (row["region_id"], *(str(row.get(name)) for name in names))
        groups.setdefault(key, []).append(row)
    for (region, *_), members in groups.items():
        size = per.batch or len(members)
        for begin in range(0, len(members), size):
            part = members[begin : begin + size]
            yield Task(call, _at(account, region), _row_parameters(call, part), part)


def _row_parameters(call: Call, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    per = call.per
    if per is None:
        return dict(call.parameters)
    many = {name: [row[column] for row in rows] for name, column in per.parameters.items()}
    chosen = many if per.batch else {name: values[0] for name, values in many.items()}
    same = {name: rows[0][column] for name, column in per.same.items()}
    return {**call.parameters, **chosen, **same}


def _take(reading: Reading, task: Task, answer: list[Any] | Refusal) -> None:
    """Put an answer where it belongs."""
    reading.requests += 1
    call = task.call
    if isinstance(answer, Refusal):
        reading.refusals[call.name, task.region, answer.code, answer.message] += 1
        return
    if call.creates_rows:
        reading.read.add(call.table)
        for row in task.rows if call.replace else ():
            row["_replaced"] = True
        reading.rows.setdefault(call.table, []).extend(answer)
    elif call.merge:
        _merge(reading.rows.get(call.table, []), answer)
    else:
        for row in task.rows:
            row.update({name: value for name, value in answer[0].items() if value is not None})


def _merge(rows: Sequence[dict[str, Any]], updates: Sequence[Mapping[str, Any]]) -> None:
    """Update rows by resource_id; lists of several updates of one row are joined."""
    by_id = {row.get("resource_id"): row for row in rows}
    seen: set[Any] = set()
    for update in updates:
        row = by_id.get(update.get("resource_id"))
        if row is None:
            continue
        again = update["resource_id"] in seen
        seen.add(update["resource_id"])
        for name, value in update.items():
            if isinstance(value, list) and again and isinstance(row.get(name), list):
                row[name] = row[name] + value
            elif value is not None:
                row[name] = value


def _drop_placeholders(reading: Reading, stage: Sequence[Call]) -> None:
    """Drop the rows a listing made only to ask for their parts."""
    for table in {call.table for call in stage if call.replace}:
        reading.rows[table] = [r for r in reading.rows.get(table, []) if not r.get("_replaced")]


def reading_issues(reading: Reading) -> list[Issue]:
    """Return one issue per call, region and error, with how often it was refused."""
    issues = []
    for (name, region, code, message), times in sorted(reading.refusals.items()):
        often = f" ({times} times)" if times > 1 else ""
        said = " ".join(message.split())[:_LONGEST_MESSAGE]
        text = f"{code}: {said}{often}; what it fills is unknown"
        issues.append(Issue(IssueReason.NOT_READ, f"{name} {region}", text))
    return issues


def finished_rows(reading: Reading, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table with typed values."""
    return [finish_row(table, row) for row in reading.rows.get(table, [])]
