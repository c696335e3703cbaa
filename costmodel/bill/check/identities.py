"""The arithmetic identities of a bill, as SQL over ``bill``.

Each compares a left and a right side, by row or by group. Groups of commitments restate AWS's
formulas: what a lease or plan costs in a period (fee, and the upfront fee's share) is what its use
and its unused part are worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from costmodel.bill.check.figure import MOST_ROWS, CheckFigure, Verdict
from costmodel.bill.normalize.raw import Sql, quote


class Relation(Protocol):
    """What checks ask of a bill."""

    @property
    def available(self) -> frozenset[str]:
        """Columns the bill has."""

    @property
    def tag_keys(self) -> Sequence[str]:
        """Tag keys of the bill's rows, as they are spelled."""

    def relation_sql(self, columns: Sequence[str]) -> Sql:
        """Return the SELECT of ``bill`` with some columns."""

    def run(self, query: Sql) -> Any:
        """Run a query."""

    def arrow(self, query: Sql) -> Any:
        """Return the answer of a query as an Arrow table."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Left must be right, within a tolerance.

    Attributes:
        name: short name.
        meaning: what must hold.
        needs: columns without which it cannot be tested.
        keys: columns of a group; the place of a row where ``is_row`` holds.
        left: expression; an aggregate where ``keys`` group.
        right: expression it must equal.
        where: rows it speaks of.
        absolute: difference allowed in currency units.
        relative: difference allowed as a share of the right side.
        is_row: compares single rows.
        having: groups it speaks of; all where empty.
    """

    name: str
    meaning: str
    needs: tuple[str, ...]
    keys: tuple[str, ...]
    left: Sql
    right: Sql
    where: Sql
    absolute: float
    relative: float = 0.0
    is_row: bool = False
    having: Sql = ""


_PLACE: Final = ("x_LineItemId", "ChargePeriodStart", "SubAccountId", "SkuMeter", "ResourceId")
_MONTH: Final = ("BillingAccountId", "BillingPeriodStart")
_COMMITTED: Final = ("x_UnblendedCost", "x_AmortizedCost", "x_CommitmentTrueUp",
                     "x_CommitmentUpfront", "CommitmentDiscountId",
                     "CommitmentDiscountType")  # fmt: skip
_AMORTIZED: Final = (
    "SUM(x_AmortizedCost) + SUM(COALESCE(x_CommitmentTrueUp, 0)) + SUM(x_CommitmentUpfront)"
)

# The account that bought a plan has its fees; a bill of another account shows the usage only.
_HAS_FEES: Final = "COUNT(CASE WHEN x_LineItemType = 'SavingsPlanRecurringFee' THEN 1 END) > 0"


def _of_type(kind: str, column: Sql) -> Sql:
    """Return the sum of a column over rows of one line item type."""
    return f"SUM(CASE WHEN x_LineItemType = '{kind}' THEN {column} ELSE 0 END)"


# AWS rounds rows to 10 digits and fees of a lease to 6: 1e-4 is far above that and below a cent.
IDENTITIES: Final = (
    Identity(
        "unblended = amortised + true-up + upfront",
        "unblended cost is amortised cost plus true-up plus upfront fees, by payer and month",
        ("x_UnblendedCost", "x_AmortizedCost", "x_CommitmentUpfront"),
        _MONTH, "SUM(x_UnblendedCost)", _AMORTIZED, "TRUE", 1e-4, 1e-8,
    ),
    Identity(
        "reservation lease-month",
        "fee plus amortised upfront is the worth of used plus unused hours, by lease and month",
        _COMMITTED,
        ("CommitmentDiscountId", "BillingPeriodStart"),
        "SUM(x_UnblendedCost)", _AMORTIZED,
        "CommitmentDiscountType = 'Reserved Instance'", 1e-4, 1e-8,
    ),
    Identity(
        "savings plan hour",
        "fee plus amortised upfront is used plus unused commitment, by plan and hour",
        _COMMITTED,
        ("CommitmentDiscountId", "ChargePeriodStart"),
        "SUM(x_UnblendedCost)", _AMORTIZED,
        "CommitmentDiscountType = 'Savings Plan'", 1e-4, 1e-8,
    ),
    Identity(
        "savings plan commitment = fee + upfront share",
        "the commitment of a plan's period is its recurring fee plus the amortised upfront fee",
        ("x_TotalCommitment", "x_UnblendedCost", "CommitmentDiscountId", "x_LineItemType"),
        ("CommitmentDiscountId", "ChargePeriodStart"),
        "x_TotalCommitment", "x_UnblendedCost - COALESCE(x_CommitmentTrueUp, 0)",
        "x_LineItemType = 'SavingsPlanRecurringFee' AND x_TotalCommitment IS NOT NULL",
        1e-4, 1e-8, is_row=True,
    ),
    Identity(
        "savings plan use = effective cost",
        "the commitment a plan's fees call used is the effective cost of its usage, by hour",
        ("x_UsedCommitment", "x_AmortizedCost", "CommitmentDiscountId", "x_LineItemType"),
        ("CommitmentDiscountId", "ChargePeriodStart"),
        "SUM(COALESCE(x_UsedCommitment, 0))",
        _of_type("SavingsPlanCoveredUsage", "x_AmortizedCost"),
        "CommitmentDiscountType = 'Savings Plan'", 1e-4, 1e-8, having=_HAS_FEES,
    ),
    Identity(
        "savings plan saving",
        "list less effective cost of covered usage is what negation and fees say, by plan and"
        " month",
        ("ListCost", "x_AmortizedCost", "x_UnblendedCost", "x_UsedCommitment",
         "CommitmentDiscountId", "x_LineItemType"),
        ("CommitmentDiscountId", "BillingPeriodStart"),
        _of_type("SavingsPlanCoveredUsage", "ListCost - x_AmortizedCost"),
        f"-{_of_type('SavingsPlanNegation', 'x_UnblendedCost')}"
        " - SUM(COALESCE(x_UsedCommitment, 0))",
        "CommitmentDiscountType = 'Savings Plan'", 1e-4, 1e-6, having=_HAS_FEES,
    ),
    Identity(
        "covered + negation = 0",
        "savings plan usage at on-demand price and its negation cancel, by plan and hour",
        ("x_UnblendedCost", "CommitmentDiscountId", "x_LineItemType"),
        ("CommitmentDiscountId", "ChargePeriodStart"),
        "SUM(x_UnblendedCost)", "CAST(0 AS DECIMAL(38, 18))",
        "x_LineItemType IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')", 1e-4,
    ),
    Identity(
        "reserved use = recurring + upfront share",
        "effective cost of reserved usage is its recurring fee plus its share of the upfront fee",
        ("x_AmortizedCost", "x_RecurringFeeForUsage", "x_AmortizedUpfrontCostForUsage"),
        _PLACE, "x_AmortizedCost", "x_RecurringFeeForUsage + x_AmortizedUpfrontCostForUsage",
        "x_LineItemType = 'DiscountedUsage'", 1e-6, 1e-9, is_row=True,
    ),
    Identity(
        "blended = unblended",
        "blended and unblended cost add up to the same, by payer and month",
        ("x_BlendedCost", "x_UnblendedCost"),
        _MONTH, "SUM(x_BlendedCost)", "SUM(x_UnblendedCost)",
        "x_BlendedCost IS NOT NULL", 1e-4, 1e-6,
    ),
    Identity(
        "usage x rate = cost",
        "usage amount times unblended rate is unblended cost, on every row with a rate",
        ("PricingQuantity", "x_UnblendedRate", "x_UnblendedCost"),
        _PLACE, "CAST(PricingQuantity AS DOUBLE) * CAST(x_UnblendedRate AS DOUBLE)",
        "CAST(x_UnblendedCost AS DOUBLE)",
        "x_UnblendedRate IS NOT NULL AND ChargeCategory = 'Usage'"
        " AND x_LineItemType <> 'SavingsPlanNegation'", 1e-6, 1e-9, is_row=True,
    ),
    Identity(
        "usage x public rate = list cost",
        "quantity times list unit price is list cost, on every usage row with a list price",
        ("PricingQuantity", "ListUnitPrice", "ListCost"),
        _PLACE, "CAST(PricingQuantity AS DOUBLE) * CAST(ListUnitPrice AS DOUBLE)",
        "CAST(ListCost AS DOUBLE)",
        # Other providers price in blocks of units.
        "ListUnitPrice IS NOT NULL AND ListCost IS NOT NULL AND ChargeCategory = 'Usage'"
        " AND COALESCE(ProviderName, 'AWS') IN ('AWS', 'Amazon Web Services')"
        " AND COALESCE(x_LineItemType, '') <> 'SavingsPlanNegation'", 1e-6, 1e-9, is_row=True,
    ),
)  # fmt: skip


def check_identity(bill: Relation, identity: Identity) -> CheckFigure:
    """Return the outcome of one identity; skipped where the bill lacks a column."""
    lacking = [name for name in identity.needs if name not in bill.available]
    if lacking:
        meaning = f"{identity.meaning}; the bill has no {', '.join(lacking)}"
        return CheckFigure(identity.name, meaning, Verdict.SKIPPED)
    compared = _compared_sql(bill, identity)
    gap = "ABS(CAST(left_side AS DOUBLE) - CAST(right_side AS DOUBLE))"
    allowed = f"GREATEST({identity.absolute}, {identity.relative} * ABS(right_side))"
    counted = (
        f"SELECT COUNT(*), COUNT(CASE WHEN {gap} > {allowed} THEN 1 END), MAX({gap}),"
        f" SUM(left_side), SUM(right_side) FROM ({compared}) AS compared"
    )
    tested, broken, residual, left, right = bill.run(counted).fetchall()[0]
    rows: list[tuple[Any, ...]] = []
    if broken:
        worst = (
            f"SELECT * FROM ({compared}) AS compared WHERE {gap} > {allowed}"
            f" ORDER BY {gap} DESC LIMIT {MOST_ROWS}"
        )
        rows = bill.run(worst).fetchall()
    return CheckFigure(
        name=identity.name,
        meaning=identity.meaning,
        verdict=_verdict(tested, broken),
        tested=tested,
        broken=broken,
        value=None if left is None else float(left),
        expected=None if right is None else float(right),
        residual=None if residual is None else float(residual),
        tolerance=identity.absolute,
        columns=(*identity.keys, "left", "right"),
        rows=rows,
    )


def _verdict(tested: int, broken: int) -> Verdict:
    if not tested:
        return Verdict.SKIPPED
    return Verdict.FAIL if broken else Verdict.PASS


def _compared_sql(bill: Relation, identity: Identity) -> Sql:
    columns = [*identity.keys, *identity.needs, "x_LineItemType", "ChargeCategory"]
    columns += ["x_CommitmentTrueUp", "ProviderName", "CommitmentDiscountType"]
    keys = ", ".join(map(quote, identity.keys))
    sides = f"{identity.left} AS left_side, {identity.right} AS right_side"
    tail = "" if identity.is_row else f" GROUP BY {keys}"
    tail += f" HAVING {identity.having}" if identity.having else ""
    return (
        f"SELECT {keys}, {sides} FROM ({bill.relation_sql(columns)}) AS bill"
        f" WHERE {identity.where}{tail}"
    )
