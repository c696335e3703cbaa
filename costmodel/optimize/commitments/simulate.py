"""Replay hours under given commitments: who covers what, what is unused, what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.amortization import UPFRONT_SHARE
from costmodel.engine.coverage import (
    Allocation,
    Commitments,
    Coverage,
    Ownership,
    SharingMode,
    trace_commitments,
)
from costmodel.engine.tiers import Floats
from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.optimize.commitments.held import HeldCommitment, held_commitments
from costmodel.optimize.commitments.lines import Fees, Replay, bill_lines
from costmodel.optimize.commitments.offers import RESERVED
from costmodel.optimize.commitments.rates import CommittedRates
from costmodel.optimize.commitments.result import hourly_frame
from costmodel.optimize.commitments.usage import ACCOUNT_KEYS, EITHER, HourlyUsage, read_usage
from costmodel.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CommitmentSimulation(Result):
    """Usage replayed under commitments.

    Attributes:
        usage: hourly usage rows, accounts apart.
        held: p commitments.
        commitments: their arrays; quantities of every hour.
        fees: their prices.
        coverage: used, unused and on-demand parts of every hour.
        allocation: which commitment covers which row in which hour.
        issues: what was left out or assumed.
    """

    report_module: ClassVar[str] = "costmodel.report.commitment_simulation"

    usage: HourlyUsage
    held: list[HeldCommitment]
    commitments: Commitments
    fees: Fees
    coverage: Coverage
    allocation: Allocation
    issues: list[Issue] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"CommitmentSimulation({len(self.held)} commitments, cost {self.cost:,.2f} USD of "
            f"{self.on_demand_cost:,.2f} on demand)"
        )

    @property
    def on_demand_cost(self) -> float:
        """Cost of all usage on demand [USD]."""
        return float(self.usage.weight @ self.usage.quantity @ self.usage.on_demand_rate)

    @property
    def commitment_cost(self) -> float:
        """Amortised fees, used or not [USD]."""
        return float(self.usage.weight @ self._quantity() @ self.fees.price)

    @property
    def cost(self) -> float:
        """Amortised cost: commitments and what is left on demand [USD]."""
        left = float(self.usage.weight @ self.coverage.on_demand_cost)
        return self.commitment_cost + left

    @property
    def hours(self) -> "pd.DataFrame":
        """Coverage and utilisation over time."""
        committed = self._quantity() @ self.fees.price
        used = self.coverage.used_commitment @ self.fees.price
        return hourly_frame(
            self.usage,
            self.usage.quantity @ self.usage.on_demand_rate,
            self.coverage.covered_quantity @ self.usage.on_demand_rate,
            np.divide(used, committed, out=np.ones_like(used), where=committed > 0.0),
        )

    @property
    def table(self) -> "pd.DataFrame":
        """One row per commitment: committed, used, unused, covered value, saving [USD]."""
        import pandas as pd

        weight, price = self.usage.weight, self.fees.price
        committed = weight @ self._quantity() * price
        used = weight @ self.coverage.used_commitment * price
        value = np.bincount(
            self.allocation.plan,
            weights=weight[self.allocation.hour]
            * self.allocation.quantity
            * self.usage.on_demand_rate[self.allocation.row],
            minlength=len(self.held),
        )
        # In units, for the utilisation of a reservation is known where its price is not.
        held_units, used_units = weight @ self._quantity(), weight @ self.coverage.used_commitment
        return pd.DataFrame(
            {
                "CommitmentDiscountId": self.ids(),
                "plan_type": [h.plan_type for h in self.held],
                "committed": committed,
                "used": used,
                "unused": committed - used,
                "utilization": np.divide(
                    used_units, held_units, out=np.ones_like(used), where=held_units > 0.0
                ),
                "covered_on_demand": value,
                "savings": value - committed,
            }
        )

    @property
    def lines(self) -> "pd.DataFrame":
        """The bill as CUR-like lines, every identity of amortisation satisfied."""
        return bill_lines(
            Replay(
                self.usage, self.held, self.ids(), self.commitments, self.fees, self.coverage,
                self.allocation,
            )
        )  # fmt: skip

    def ids(self) -> list[str]:
        """Return an identifier of each commitment, its own or its number."""
        return [h.commitment_id or f"{h.plan_type}-{n}" for n, h in enumerate(self.held, 1)]

    def to_json(self) -> dict[str, Any]:
        """Return the simulation as a JSON object."""
        coverage = self.on_demand_cost - float(self.usage.weight @ self.coverage.on_demand_cost)
        return {
            "currency": "USD",
            "hours": float(self.usage.weight.sum()),
            "on_demand_cost": self.on_demand_cost,
            "commitment_cost": self.commitment_cost,
            "cost": self.cost,
            "savings": self.on_demand_cost - self.cost,
            "coverage": coverage / self.on_demand_cost if self.on_demand_cost else 0.0,
            "is_approximation": self.usage.is_daily,
            "commitments": self.table.to_dict("records"),
            "issues": [issue.to_json() for issue in self.issues],
        }

    def _quantity(self) -> Floats:
        hours = len(self.usage.weight)
        return np.broadcast_to(self.commitments.quantity, (hours, len(self.held)))


def simulate_usage(
    source: Any,
    held: Sequence[HeldCommitment],
    catalog: PriceCatalog,
    *,
    sharing: str = "OPEN",
    groups: Mapping[str, int] | None = None,
) -> CommitmentSimulation:
    """Return every hour of the usage under the commitments, by AWS's rules.

    Args:
        source: ``HourlyUsage``, or a table of charges (see ``read_usage``).
        held: commitments; those with an account are its own and shared as the mode says.
        catalog: committed rates.
        sharing: OPEN, PRIORITIZED or RESTRICTED.
        groups: sharing group of an account, for the last two.
    """
    if isinstance(source, HourlyUsage):
        usage = source
    else:
        usage = read_usage(source, keys=ACCOUNT_KEYS, pricing=EITHER)
    rates = CommittedRates(usage, catalog)
    full = held_commitments(held, rates)
    starts: list[datetime] = list(usage.start.to_pydatetime())
    in_force = np.array([[h.is_in_force(at) for h in held] for at in starts], dtype=float)
    in_force = in_force.reshape(len(starts), len(held))
    commitments = full._replace(quantity=in_force * full.quantity)
    ownership = _ownership(usage, held, sharing, groups or {})
    coverage, allocation = trace_commitments(
        usage.quantity, usage.on_demand_rate, commitments, ownership
    )
    fees = _fees(held, full, rates)
    issues = [*usage.issues, *rates.issues, *_remarks(held, full, fees, in_force)]
    return CommitmentSimulation(usage, list(held), commitments, fees, coverage, allocation, issues)


def _ownership(
    usage: HourlyUsage, held: Sequence[HeldCommitment], sharing: str, groups: Mapping[str, int]
) -> Ownership | None:
    if sharing not in tuple(SharingMode):
        raise BadInputError(f"sharing {sharing!r}: choose {', '.join(SharingMode)}")
    if "SubAccountId" not in usage.rows or not any(h.account for h in held):
        return None
    names = sorted({*usage.rows["SubAccountId"], *(h.account for h in held), *groups})
    number = {name: n for n, name in enumerate(names)}
    return Ownership(
        np.array([number[name] for name in usage.rows["SubAccountId"]], dtype=np.intp),
        np.array([number[h.account] for h in held], dtype=np.intp),
        np.array([groups.get(name, -1) for name in names], dtype=np.intp),
        SharingMode(sharing),
    )


def _fees(held: Sequence[HeldCommitment], full: Commitments, rates: CommittedRates) -> Fees:
    """Return the prices: a plan costs what it commits, a reservation its rate."""
    price, share = np.ones(len(held)), np.zeros(len(held))
    for p, commitment in enumerate(held):
        share[p] = UPFRONT_SHARE[commitment.payment]
        if commitment.plan_type == RESERVED:
            hourly, _ = rates.reserved(
                commitment.term, commitment.payment, commitment.offering_class
            )
            per_unit = hourly / full.draw[p]
            # Sizes of a family cost the same per unit but for rounding: the dearest is safe.
            known = per_unit[~np.isnan(per_unit)]
            price[p] = known.max() if len(known) else np.nan
    return Fees(price, share)


def _remarks(
    held: Sequence[HeldCommitment], full: Commitments, fees: Fees, in_force: Floats
) -> list[Issue]:
    """Return what a reader should know about each commitment."""
    issues = []
    for p, commitment in enumerate(held):
        name = commitment.commitment_id or commitment.plan_type
        if not in_force[:, p].any():
            text = f"{name} is not in force in any hour of this usage"
            issues.append(Issue(IssueReason.DATA_QUALITY, name, text))
        if np.isnan(full.draw[p]).all():
            text = f"no usage here is covered by {name}: it is simulated as unused"
            issues.append(Issue(IssueReason.NO_COMMITTED_RATE, name, text))
        if np.isnan(fees.price[p]):
            text = f"the catalog has no price of {name}: costs with it are unknown"
            issues.append(Issue(IssueReason.NO_COMMITTED_RATE, name, text))
    return issues
