"""Recommendations: what to change, what it saves on list and on the bill, and on what evidence.

Field names of the JSON are Cost Optimization Hub's where it has the concept.
https://docs.aws.amazon.com/cost-management/latest/APIReference/API_CostOptimizationHub_Recommendation.html
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from costmodel.errors import Issue
from costmodel.optimize.rule import EFFORTS, Rule
from costmodel.result import Result

CONFIDENCES: Final = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One accepted change of one resource.

    Attributes:
        rule: the check.
        resource_id, arn, name, account_id, region_id, tags: the resource.
        resource_type: Cost Optimization Hub's word.
        current, recommended: what changes, in words.
        list_saving: drop of the account's cost at list prices, earlier changes done [USD a month].
        effective_saving: drop of the bill, commitments and discounts considered [USD a month].
        cost_before: list cost of the resource before this change [USD a month].
        one_off: what the change costs once: transitions, exports, upfront fees [USD]; NaN unknown.
        evidence: name → value the conditions read.
        missing_evidence: names that would help and are unknown.
        confidence: high, medium or low.
        outside: what AWS's own tools say of the resource, with their own figures.
        lookback_days: days of metrics behind it; NaN where none were needed.
        alternatives: check id → saving of changes that exclude this one.
        cli, terraform: remedy.
        location: ``file:line`` of the code that makes the resource; empty for a live one.
        status: new, open or reappeared.
        included: what goes along, its saving counted here: table and resource.
        target: what the change leads to, for the identity across runs; ``recommended`` if empty.
        prepaid: part of the effective saving's cost that the one-off pays [USD a month]: the
            amortised upfront fee of a commitment.
    """

    rule: Rule
    resource_id: str
    resource_type: str
    current: str
    recommended: str
    list_saving: float
    effective_saving: float
    cost_before: float
    arn: str = ""
    name: str = ""
    account_id: str = ""
    region_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    one_off: float = 0.0
    evidence: Mapping[str, Any] = field(default_factory=dict)
    missing_evidence: Sequence[str] = ()
    confidence: str = "high"
    outside: Sequence[Mapping[str, Any]] = ()
    lookback_days: float = math.nan
    alternatives: Mapping[str, float] = field(default_factory=dict)
    cli: str = ""
    terraform: str = ""
    location: str = ""
    status: str = "new"
    included: Sequence[str] = ()
    target: str = ""
    prepaid: float = 0.0

    @property
    def fingerprint(self) -> str:
        """Identity across runs: resource, check and target."""
        target = self.target or self.recommended
        text = "|".join((self.arn or self.resource_id, self.rule.id, target))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def cash_saving(self) -> float:
        """Drop of what is paid each month once the change is made [USD a month].

        Commitments that exist are paid all the same, as in the effective saving; the upfront fee
        of a new one is paid, not spread.
        """
        return self.effective_saving + self.prepaid

    @property
    def first_month_saving(self) -> float:
        """Cash saved in the month of the change: the one-off cost is paid then [USD]."""
        return self.cash_saving - self.one_off

    @property
    def first_year_saving(self) -> float:
        """Cash saved in the first twelve months [USD]."""
        return 12.0 * self.cash_saving - self.one_off

    @property
    def payback_months(self) -> float:
        """Months until the cash saved has paid the one-off cost; NaN if that is unknown."""
        return self.one_off / self.cash_saving if self.cash_saving > 0 else math.inf

    def to_json(self) -> dict[str, Any]:
        """Return the recommendation as JSON."""
        share = self.list_saving / self.cost_before if self.cost_before > 0 else math.nan
        return {
            "recommendationId": self.fingerprint,
            "checkId": self.rule.id,
            "title": self.rule.title,
            "accountId": self.account_id,
            "region": self.region_id,
            "resourceId": self.resource_id,
            "resourceArn": self.arn,
            "resourceName": self.name,
            "currentResourceType": self.resource_type,
            "actionType": self.rule.action,
            "currentResourceSummary": self.current,
            "recommendedResourceSummary": self.recommended,
            "estimatedMonthlySavings": self.effective_saving,
            "estimatedMonthlySavingsBeforeDiscounts": self.list_saving,
            "estimatedMonthlyCost": self.cost_before - self.list_saving,
            "estimatedSavingsPercentage": 100.0 * share,
            "estimatedMonthlyCashSavings": self.cash_saving,
            "oneOffCost": _known(self.one_off),
            "firstMonthSavings": _known(self.first_month_saving),
            "firstYearCashSavings": _known(self.first_year_saving),
            "paybackMonths": _known(self.payback_months),
            "currencyCode": "USD",
            "implementationEffort": EFFORTS[self.rule.effort],
            "restartNeeded": self.rule.restart,
            "rollbackPossible": self.rule.rollback,
            "performanceRisk": self.rule.risk,
            "confidence": self.confidence,
            "recommendationLookbackPeriodInDays": self.lookback_days,
            "evidence": dict(self.evidence),
            "missingEvidence": list(self.missing_evidence),
            "outsideEvidence": [dict(said) for said in self.outside],
            "alternatives": dict(self.alternatives),
            "includedResources": list(self.included),
            "remedy": {"awsCli": self.cli, "terraform": self.terraform},
            "source": self.rule.source,
            "location": self.location,
            "status": self.status,
            "tags": dict(self.tags),
        }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Advisory:
    """A finding without dollars of its own: governance, or a cause to look at."""

    rule: Rule
    resource_id: str
    region_id: str
    account_id: str
    evidence: Mapping[str, Any]
    location: str = ""
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {
            "checkId": self.rule.id,
            "title": self.rule.title,
            "accountId": self.account_id,
            "region": self.region_id,
            "resourceId": self.resource_id,
            "why": self.why,
            "evidence": dict(self.evidence),
            "location": self.location,
        }


@dataclass(frozen=True, slots=True)
class CheckCount:
    """How a check went over all resources."""

    check_id: str
    resources: int
    advised: int
    passed: int
    insufficient_data: int
    unpriced: int
    not_worth: int


@dataclass(frozen=True)
class Recommendations(Result):
    """Accepted recommendations in the order to carry them out, and all that was left out.

    Attributes:
        accepted: recommendations, best saving first inside the order of stages.
        advisories: findings without dollars.
        counts: how every check went.
        passed_over: resource, check, reason of resources that were not advised.
        issues: prices, evidence and tables that are missing.
        cost_before, cost_after: list cost of the priced inventory [USD a month].
        has_bill: effective savings come from a bill.
        collected_at: when the inventory was read.
    """

    report_module: ClassVar[str] = "costmodel.report.recommendations"

    accepted: Sequence[Recommendation]
    advisories: Sequence[Advisory]
    counts: Sequence[CheckCount]
    passed_over: Sequence[tuple[str, str, str]]
    issues: Sequence[Issue]
    cost_before: float
    cost_after: float
    has_bill: bool = False
    collected_at: datetime | None = None
    suppressed: Sequence[tuple[Recommendation, str]] = ()
    done: Sequence[Mapping[str, Any]] = ()

    @property
    def list_saving(self) -> float:
        """Total saving at list prices, each dollar once [USD a month]."""
        return sum(r.list_saving for r in self.accepted)

    @property
    def effective_saving(self) -> float:
        """Total saving on the bill, each dollar once [USD a month]."""
        return sum(r.effective_saving for r in self.accepted)

    @property
    def one_off(self) -> float:
        """What all changes cost once, unknown ones left out [USD]."""
        return sum(r.one_off for r in self.accepted if not math.isnan(r.one_off))

    @property
    def cash_saving(self) -> float:
        """Drop of what is paid each month once all changes are made [USD a month]."""
        return sum(r.cash_saving for r in self.accepted)

    @property
    def first_month_saving(self) -> float:
        """Cash saved in the month of the changes [USD]."""
        return self.cash_saving - self.one_off

    @property
    def first_year_saving(self) -> float:
        """Cash saved in the first twelve months [USD]."""
        return 12.0 * self.cash_saving - self.one_off

    @property
    def table(self) -> Any:
        """Accepted recommendations as a pandas DataFrame, FOCUS columns where there are any."""
        import pandas as pd

        rows = [
            {
                "x_CheckId": r.rule.id,
                "x_Title": r.rule.title,
                "SubAccountId": r.account_id,
                "RegionId": r.region_id,
                "ResourceId": r.resource_id,
                "ResourceType": r.resource_type,
                "x_Action": r.rule.action,
                "x_Current": r.current,
                "x_Recommended": r.recommended,
                "x_MonthlySavings": r.effective_saving,
                "x_MonthlySavingsList": r.list_saving,
                "x_MonthlyCashSavings": r.cash_saving,
                "x_OneOffCost": r.one_off,
                "x_FirstMonthSavings": r.first_month_saving,
                "x_FirstYearCashSavings": r.first_year_saving,
                "x_PaybackMonths": r.payback_months,
                "x_Effort": EFFORTS[r.rule.effort],
                "x_Risk": r.rule.risk,
                "x_Confidence": r.confidence,
                "x_Stage": r.rule.stage,
                "x_Location": r.location,
                "x_Status": r.status,
            }
            for r in self.accepted
        ]
        return pd.DataFrame(rows, columns=None if rows else ["x_CheckId"])

    def to_json(self) -> dict[str, Any]:
        """Return everything but the passed-over resources, which ``explain`` lists."""
        return {
            "currencyCode": "USD",
            "estimatedTotalDedupedSavings": self.effective_saving,
            "estimatedTotalDedupedSavingsBeforeDiscounts": self.list_saving,
            "estimatedMonthlyCashSavings": self.cash_saving,
            "oneOffCost": self.one_off,
            "firstMonthSavings": self.first_month_saving,
            "firstYearCashSavings": self.first_year_saving,
            "costBefore": self.cost_before,
            "costAfter": self.cost_after,
            "savingsBasis": "bill" if self.has_bill else "list prices",
            "items": [r.to_json() for r in self.accepted],
            "advisories": [a.to_json() for a in self.advisories],
            "suppressed": [{**r.to_json(), "reason": why} for r, why in self.suppressed],
            "done": [dict(row) for row in self.done],
            "checks": [
                {name: getattr(c, name) for name in CheckCount.__slots__} for c in self.counts
            ],
            "issues": [issue.to_json() for issue in self.issues],
        }

    def explain(self, resource_id: str | None = None) -> list[tuple[str, str, str]]:
        """Return why resources were not advised: (resource, check, reason).

        Args:
            resource_id: one resource; all by default.
        """
        return [row for row in self.passed_over if resource_id in (None, row[0])]

    def __repr__(self) -> str:
        return (
            f"Recommendations({len(self.accepted)} changes save {self.effective_saving:,.2f} USD "
            f"a month, {len(self.advisories)} advisories, {len(self.issues)} issues)"
        )
