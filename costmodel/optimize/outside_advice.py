"""What AWS's own tools advise, as evidence: agreement raises confidence, dissent lowers it.

Their dollars stay theirs: a finding of theirs that no recommendation of ours covers is listed with
its own figure, which never enters our total.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.recommendation import CONFIDENCES, Recommendation, Recommendations
from costmodel.optimize.related_cells import Columns, objects

FINDING_CHECK: Final = "aws-finding"
# Cost Optimization Hub removes duplicates of the other two; its rows come first.
_SOURCES: Final = ("CostOptimizationHub", "ComputeOptimizer", "TrustedAdvisor")
_PURCHASE: Final = "commitment"
# Kinds of change: two tools agree when they want the same kind for a resource.
_KINDS: Final = {
    "Stop": "idle", "Delete": "idle", "ScaleIn": "idle", "Schedule": "idle",
    "Rightsize": "resize", "Upgrade": "resize", "MigrateToGraviton": "resize",
    "PurchaseSavingsPlans": _PURCHASE, "PurchaseReservedInstances": _PURCHASE,
}  # fmt: skip
_OTHER: Final = "review"
# Trusted Advisor names no action; these of its cost checks want one.
# https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html
_IDLE_CHECKS: Final = (
    "Qch7DwouX1", "c18d2gz150", "DAvU99Dc4C", "Z4AUBRNSmz", "hjLMh88uM8", "Ti39halfu8",
    "G31sQ1E9U", "c1z7kmr18n", "c2vlfg022t", "c2vlfg0bfw", "c2vlfg0jp6", "c2vlfg0k35",
    "Cm24dfsM12",
)  # fmt: skip
_RESIZE_CHECKS: Final = ("COr6dfpM03", "COr6dfpM05")
_ADVISOR_KINDS: Final = {
    **dict.fromkeys(_IDLE_CHECKS, "idle"),
    **dict.fromkeys(_RESIZE_CHECKS, "resize"),
}
# Findings that advise nothing, in letters only.
_LETTERS: Final = re.compile(r"[^a-z]")
_CONTENT: Final = frozenset(
    ("optimized", "unavailable", "insufficientmetrics", "ok", "notavailable", "resolved")
)
# Findings that contradict doing with less, and the stages that do.
_CONTRARY: Final = frozenset(("optimized", "underprovisioned"))
_LESS: Final = ("idle", "rightsize")
_SHORTEST_CELL: Final = 3


@dataclass(frozen=True, slots=True)
class Opinion:
    """One row of the evidence table.

    Attributes:
        row: the row.
        kind: kind of change it wants.
        finding: the finding, lower case and without separators.
    """

    row: Mapping[str, Any]
    kind: str
    finding: str

    @property
    def advises(self) -> bool:
        """Whether it wants something changed."""
        return self.finding not in _CONTENT


def _opinion(row: Mapping[str, Any]) -> Opinion:
    finding = _LETTERS.sub("", str(row["finding"] or "").lower())
    check = str(row["check"] or "").rsplit("/", 1)[-1]
    return Opinion(row, _ADVISOR_KINDS.get(check) or kind_of(row["action"]), finding)


def kind_of(action: Any) -> str:
    """Return the kind of change an action of the Hub's vocabulary makes."""
    return _KINDS.get(str(action), _OTHER)


def evidence_columns(inventory: Inventory) -> Columns:
    """Return, per row of ``evidence``, the kind of change and whether it is the one to list.

    Of several rows on one resource and kind that is the first choice of the first source.
    """
    opinions = [_opinion(row) for row in inventory.table("evidence").to_pylist()]
    order = sorted(range(len(opinions)), key=lambda n: _place(opinions[n].row))
    seen: set[tuple[Any, str]] = set()
    first = [False] * len(opinions)
    for number in order:
        opinion = opinions[number]
        key = (opinion.row["resource_id"], opinion.kind)
        if opinion.advises and key not in seen:
            seen.add(key)
            first[number] = True
    return {
        "kind_of_change": objects([opinion.kind for opinion in opinions]),
        "is_first": objects(first),
    }


def _place(row: Mapping[str, Any]) -> tuple[int, float]:
    source = str(row["source"])
    rank = row["rank"]
    return (
        _SOURCES.index(source) if source in _SOURCES else len(_SOURCES),
        1.0 if rank is None or rank != rank else rank,
    )


def weigh_evidence(result: Recommendations, inventory: Inventory) -> Recommendations:
    """Return the recommendations with what AWS says of each; its findings that are ours too go.

    Args:
        result: what we recommend, with AWS's findings as advisories of the check ``aws-finding``.
        inventory: with the evidence table.
    """
    if not inventory.table("evidence").num_rows:
        return result
    opinions = _by_name(inventory)
    accepted = [_weighed(r, _about(r, opinions)) for r in result.accepted]
    covered = {
        (said["resourceId"], said["kindOfChange"])
        for r in accepted
        for said in r.outside
        if said["kindOfChange"] == kind_of(r.rule.action)
    }
    left = [
        a
        for a in result.advisories
        if a.rule.id != FINDING_CHECK
        or (a.resource_id, a.evidence.get("kind_of_change")) not in covered
    ]
    return replace(result, accepted=accepted, advisories=left)


def _by_name(inventory: Inventory) -> dict[Any, list[Opinion]]:
    """Return opinions by every name of the resource they are about."""
    found: dict[Any, list[Opinion]] = {}
    for row in inventory.table("evidence").to_pylist():
        opinion = _opinion(row)
        for name in dict.fromkeys(_names(row)):
            found.setdefault(name, []).append(opinion)
    return found


def _names(row: Mapping[str, Any]) -> Iterator[Any]:
    yield from (row[name] for name in ("resource_id", "arn") if row[name])
    if kind_of(row["action"]) == _PURCHASE:
        # A purchase is about no resource: what it is called is what it is.
        yield _PURCHASE, row["action"]
    if row["source"] == "TrustedAdvisor":
        # The Support API names the resource among the cells of its table only.
        yield from ((row["region_id"], cell) for cell in _cells(row["details"]))
        yield row["region_id"], row["resource_id"]


def _cells(details: str | None) -> Iterator[str]:
    document = json.loads(details) if details else []
    parts = document.values() if isinstance(document, dict) else document
    if isinstance(parts, list) or isinstance(document, dict):
        yield from (str(part) for part in parts if len(str(part)) >= _SHORTEST_CELL)


def _about(r: Recommendation, opinions: Mapping[Any, list[Opinion]]) -> list[Opinion]:
    names = [r.resource_id, r.arn, (r.region_id, r.resource_id), (r.region_id, r.name)]
    if kind_of(r.rule.action) == _PURCHASE:
        names = [(_PURCHASE, r.rule.action)]
    found = [opinion for name in names if name for opinion in opinions.get(name, ())]
    return list({id(opinion): opinion for opinion in found}.values())


def _weighed(r: Recommendation, opinions: Sequence[Opinion]) -> Recommendation:
    if not opinions:
        return r
    outside = [_said(r, opinion) for opinion in opinions]
    verdicts = {said["agrees"] for said in outside}
    step = -1 if False in verdicts else (1 if True in verdicts else 0)
    level = min(max(CONFIDENCES.index(r.confidence) + step, 0), len(CONFIDENCES) - 1)
    return replace(r, outside=outside, confidence=CONFIDENCES[level])


def _said(r: Recommendation, opinion: Opinion) -> dict[str, Any]:
    """Return an opinion as reports show it; ``agrees`` is None where it is on another matter."""
    agrees = None
    if opinion.finding in _CONTRARY and r.rule.stage in _LESS:
        agrees = False
    elif opinion.advises and opinion.kind == kind_of(r.rule.action):
        agrees = True
    row = opinion.row
    return {
        "source": row["source"],
        "resourceId": row["resource_id"],
        "finding": row["finding"],
        "kindOfChange": opinion.kind,
        "actionType": row["action"],
        "recommended": row["recommended"],
        "isSameTarget": bool(row["recommended"]) and str(row["recommended"]) in r.recommended,
        "agrees": agrees,
        "awsEstimatedMonthlySavings": _number(row["monthly_savings_usd"]),
    }


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
