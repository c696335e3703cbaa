"""The reservations and Savings Plans a bill shows, as commitments that can be replayed.

How much is committed is read off the fees: units (or USD) over the hours they are for.
"""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.offers import RESERVED
from costmodel.optimize.commitments.rates import PLAN_OFFERINGS
from costmodel.optimize.commitments.usage import platform_of

if TYPE_CHECKING:
    from costmodel.bill.query import Bill

_TEXTS: Final = (
    "CommitmentDiscountCategory", "LeaseContractLength", "PurchaseOption", "OfferingClass",
    "x_CommitmentOffering", "x_CommitmentInstanceFamily", "x_CommitmentRegion",
)  # fmt: skip
# What only the fee says: other accounts and sizes may use a commitment.
_FEE_TEXTS: Final = ("SubAccountId", "RegionId", "x_ServiceCode", "x_UsageType", "x_Operation")
_PLAN_TYPES: Final = {offering: plan for plan, offering in PLAN_OFFERINGS.items()}
# Usage types of plan fees, ``ComputeSP:1yrNoUpfront``: all that FOCUS says of a plan's terms.
_FEE_NAME: Final = re.compile(r"(\w+)SP:(?:.*[.:])?([13]yr)\s*(No|Partial|All)\s*Upfront$")
_FEE_PLANS: Final = {
    "Compute": "Compute", "EC2": "EC2Instance", "EC2Instance": "EC2Instance",
    "SageMaker": "SageMaker", "MachineLearning": "SageMaker", "Database": "Database",
}  # fmt: skip


def held_on_bill(bill: "Bill") -> tuple[list[HeldCommitment], list[Issue]]:
    """Return the commitments in force on a bill, and those whose terms it does not tell.

    Args:
        bill: a bill of any format.
    """
    if "CommitmentDiscountId" not in bill.available:
        return [], []
    held, issues = [], []
    for row in _fees(bill):
        name = str(row["CommitmentDiscountId"])
        try:
            held.append(_held(row, name))
        except BadInputError as error:
            text = f"{error}; name it in a file of commitments (--held)"
            issues.append(Issue(IssueReason.MISSING_INPUT, name, text))
    return held, issues


def _fees(bill: "Bill") -> list[dict[str, Any]]:
    read = ["CommitmentDiscountId", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd",
            "ChargeFrequency", "CommitmentDiscountStatus", "CommitmentDiscountQuantity",
            *_TEXTS, *_FEE_TEXTS]  # fmt: skip
    inner = bill.relation_sql(read)
    fee = "ChargeCategory = 'Purchase' AND ChargeFrequency = 'Recurring'"
    length = "DATE_DIFF('second', ChargePeriodStart, ChargePeriodEnd)"
    columns = [
        *(f"MAX({name}) AS {name}" for name in _TEXTS),
        *(_owners_word(name, fee) for name in _FEE_TEXTS),
        f"CAST(SUM(CASE WHEN {fee} THEN CommitmentDiscountQuantity END) AS DOUBLE) AS quantity",
        f"CAST(SUM(CASE WHEN {fee} THEN {length} END) AS DOUBLE) / 3600.0 AS hours",
        f"MIN(CASE WHEN {fee} THEN ChargePeriodStart END) AS first",
        f"MAX(CASE WHEN {fee} THEN ChargePeriodEnd END) AS last",
    ]
    rows: list[dict[str, Any]] = bill.arrow(
        f"SELECT CommitmentDiscountId, {', '.join(columns)} FROM ({inner}) AS bill "  # noqa: S608 - constants of this package
        "WHERE CommitmentDiscountId IS NOT NULL GROUP BY CommitmentDiscountId "
        "ORDER BY CommitmentDiscountId"
    ).to_pylist()
    return rows


def _owners_word(name: str, fee: str) -> str:
    """Return what the fee says, else the unused part, else all usage if of one mind."""
    said = (f"MAX(CASE WHEN {where} THEN {name} END)"
            for where in (fee, "CommitmentDiscountStatus = 'Unused'"))  # fmt: skip
    alike = f"CASE WHEN MIN({name}) = MAX({name}) THEN MAX({name}) END"
    return f"COALESCE({', '.join(said)}, {alike}) AS {name}"


def _held(row: dict[str, Any], name: str) -> HeldCommitment:
    if not row["quantity"] or not row["hours"]:
        raise BadInputError(f"{name}: the bill has no recurring fee that says how much it is")
    common = {
        "commitment": row["quantity"] / row["hours"],
        # A lease that begins at 21:40 covers its first clock hour too.
        "start": _utc(row["first"]).replace(minute=0, second=0, microsecond=0),
        "end": _utc(row["last"]),
        "commitment_id": name,
        "account": row["SubAccountId"] or "",
    }
    if row["CommitmentDiscountCategory"] == "Usage":
        scope = str(row["x_UsageType"] or "").partition(":")[2]
        platform = platform_of(row["x_ServiceCode"] or "", row["x_Operation"] or "")
        return HeldCommitment(
            RESERVED, scope=scope, region=row["RegionId"] or "", platform=platform, **common
        )
    kind, term, payment = _terms(row, name)
    return HeldCommitment(
        kind,
        term=term,
        payment=payment,
        scope=row["x_CommitmentInstanceFamily"] or "",
        region=row["x_CommitmentRegion"] or row["RegionId"] or "",
        **common,
    )


def _terms(row: dict[str, Any], name: str) -> tuple[str, str, str]:
    kind = _PLAN_TYPES.get(row["x_CommitmentOffering"] or "")
    if kind and row["LeaseContractLength"] and row["PurchaseOption"]:
        return kind, row["LeaseContractLength"], row["PurchaseOption"]
    named = _FEE_NAME.search(row["x_UsageType"] or "")
    if named is None or named.group(1) not in _FEE_PLANS:
        raise BadInputError(f"{name}: the bill does not tell the terms of this plan")
    return _FEE_PLANS[named.group(1)], named.group(2), f"{named.group(3)} Upfront"


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
