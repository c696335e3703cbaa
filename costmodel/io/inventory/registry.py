"""Which API call fills which inventory column: one row per call, read from calls/*.toml.

Keys of a row: ``service`` and ``operation`` as boto3 names them; ``table`` it fills; ``columns``
column → JMESPath expression on one item (or on the whole answer where ``items`` is absent);
``items`` expression that lists the rows of an answer; ``parameters`` fixed arguments;
``each_parameter`` one call per value; ``account_parameter`` argument that takes the account id;
``region`` where a global service answers; ``arn`` template for services that return none;
``action`` IAM action where its name differs; ``per`` one call per row (or ``batch`` of rows) of a
table; ``merge`` items update the rows of the same resource_id; ``replace`` items take the place
of the rows they were asked for; ``absent`` error codes that mean "there is none", with the answer
they stand for; ``single_page`` reads the first page only.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

_PARENT = re.compile(r"_parent\.(\w+)")

# IAM action prefixes that differ from boto3's service name.
# Source: Service Authorization Reference,
# https://docs.aws.amazon.com/service-authorization/latest/reference/
_IAM_PREFIX: Final = {
    "elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing",
    "efs": "elasticfilesystem", "opensearch": "es", "emr": "elasticmapreduce",
    "cloudhsmv2": "cloudhsm", "mwaa": "airflow",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Per:
    """The rows a call is made for.

    Attributes:
        table: table of the rows.
        parameters: argument → column of the row.
        batch: rows in one call; 0 makes one call per row.
        same: argument → column that must be equal inside a batch.
        where: column → value the row must have.
    """

    table: str
    parameters: Mapping[str, str]
    batch: int = 0
    same: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absent:
    """Error codes that say "there is none", and the answer they stand for."""

    codes: tuple[str, ...]
    response: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: what it asks and what it fills (see the module)."""

    service: str
    operation: str
    table: str
    columns: Mapping[str, str]
    items: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    each_parameter: Mapping[str, list[Any]] = field(default_factory=dict)
    account_parameter: str = ""
    region: str = ""
    arn: str = ""
    action: str = ""
    per: Per | None = None
    merge: bool = False
    replace: bool = False
    absent: Absent | None = None
    single_page: bool = False

    @property
    def name(self) -> str:
        """The call as issues name it: ``ec2:describe_volumes``."""
        return f"{self.service}:{self.operation}"

    @property
    def creates_rows(self) -> bool:
        """Whether the call makes rows of its table, rather than filling columns of them."""
        return bool(self.items) and not self.merge

    def needed_columns(self) -> set[str]:
        """Return the columns of the rows it is made for that must be filled before."""
        if self.per is None:
            return set()
        inherited = {name for text in self.columns.values() for name in _PARENT.findall(text)}
        per = self.per
        return {*per.parameters.values(), *per.same.values(), *per.where, *inherited, "region_id"}


def iam_action(service: str, operation: str) -> str:
    """Return the IAM action of an operation: ``ec2:DescribeVolumes``."""
    words = "".join(_camel(word) for word in operation.split("_"))
    return f"{_IAM_PREFIX.get(service, service)}:{words}"


def _camel(word: str) -> str:
    # Words AWS writes in capitals inside an action name.
    return {"db": "DB", "acls": "ACLs", "acl": "ACL"}.get(word, word.capitalize())


@cache
def load_calls() -> tuple[Call, ...]:
    """Read every row of the registry, in the order of the files."""
    calls: list[Call] = []
    folder = resources.files("costmodel.io.inventory") / "calls"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            document = tomllib.loads(file.read_text(encoding="utf-8"))
            calls.extend(_call(row) for row in document["call"])
    return tuple(calls)


def _call(row: dict[str, Any]) -> Call:
    row = dict(row)
    if "per" in row:
        row["per"] = Per(**row["per"])
    if "absent" in row:
        row["absent"] = Absent(tuple(row["absent"]["codes"]), row["absent"]["response"])
    row.setdefault("action", iam_action(row["service"], row["operation"]))
    return Call(**row)


def staged(calls: tuple[Call, ...]) -> list[list[Call]]:
    """Order calls in stages: what a call needs is filled by earlier stages."""
    stages: dict[int, int] = {}
    for index in range(len(calls)):
        _stage(index, calls, stages, frozenset())
    ordered: list[list[Call]] = [[] for _ in range(max(stages.values(), default=-1) + 1)]
    for index, call in enumerate(calls):
        ordered[stages[index]].append(call)
    return ordered


def _stage(
    index: int, calls: tuple[Call, ...], stages: dict[int, int], above: frozenset[int]
) -> int:
    if index in stages:
        return stages[index]
    before = [other for other in _before(index, calls) if other not in above]
    above |= {index}
    stage = 1 + max((_stage(other, calls, stages, above) for other in before), default=-1)
    stages[index] = stage
    return stage


def _before(index: int, calls: tuple[Call, ...]) -> list[int]:
    """Return the calls that must be made before one call."""
    call = calls[index]
    if call.per is None and not call.merge:
        return []
    table = call.table if call.per is None else call.per.table
    needed = call.needed_columns()
    found = []
    for other, candidate in enumerate(calls):
        if other == index or candidate.table != table:
            continue
        if (candidate.creates_rows and not candidate.replace) or needed & set(candidate.columns):
            found.append(other)
    return found
