"""A simulation as the lines of a Cost and Usage Report.

Covered usage stands at its on-demand cost and is cancelled by a negation; recurring and upfront
fees, used or not, stand on lines of their own; reserved usage costs nothing by itself and carries
its share of the fees. Unblended cost is then the cash bill, and amortised cost follows by the
usual rules (AWS, "Understanding your amortized reservation data", "Savings Plans and CUR").
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.engine.amortization import TERM_HOURS
from costmodel.engine.coverage import Allocation, Commitments, Coverage
from costmodel.engine.tiers import Floats
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.offers import RESERVED
from costmodel.optimize.commitments.usage import HourlyUsage

if TYPE_CHECKING:
    import pandas as pd

_SP, _RI = "savings_plan_", "reservation_"
MONEY_COLUMNS = (
    "line_item_usage_amount",
    "line_item_unblended_cost",
    "pricing_public_on_demand_cost",
    f"{_SP}savings_plan_effective_cost",
    f"{_SP}total_commitment_to_date",
    f"{_SP}used_commitment",
    f"{_SP}amortized_upfront_commitment_for_billing_period",
    f"{_SP}recurring_commitment_for_billing_period",
    f"{_RI}effective_cost",
    f"{_RI}recurring_fee_for_usage",
    f"{_RI}amortized_upfront_cost_for_usage",
    f"{_RI}amortized_upfront_fee_for_billing_period",
    f"{_RI}unused_recurring_fee",
    f"{_RI}unused_amortized_upfront_fee_for_billing_period",
    f"{_RI}unused_quantity",
)
_KEYS = {
    "SubAccountId": "line_item_usage_account_id",
    "x_ServiceCode": "line_item_product_code",
    "x_UsageType": "line_item_usage_type",
    "x_Operation": "line_item_operation",
    "RegionId": "product_region",
}


@dataclass(frozen=True, slots=True)
class Fees:
    """What each commitment costs, per hour and unit of its quantity in the simulation."""

    price: Floats  # (p,) amortised, USD per hour and unit
    upfront_share: Floats  # (p,) of the price


@dataclass(frozen=True, slots=True)
class Replay:
    """Hours replayed under p commitments."""

    usage: HourlyUsage
    held: list[HeldCommitment]
    ids: list[str]
    commitments: Commitments
    fees: Fees
    coverage: Coverage
    allocation: Allocation


def bill_lines(replay: Replay) -> "pd.DataFrame":
    """Return the lines of every hour; money columns of other line types are 0."""
    import pandas as pd

    covered = _covered_lines(replay)
    parts = [
        _usage_lines(replay),
        covered,
        _negations(covered),
        _recurring_fees(replay),
        _upfront_fees(replay),
        _lease_fees(replay),
    ]
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    frame[list(MONEY_COLUMNS)] = frame.reindex(columns=list(MONEY_COLUMNS)).fillna(0.0)
    others = frame.columns.difference([*MONEY_COLUMNS, "line_item_usage_start_date"])
    return frame.fillna(dict.fromkeys(others, ""))


def _keys(replay: Replay, row: Any) -> dict[str, Any]:
    rows = replay.usage.rows
    return {name: rows[column].to_numpy()[row] for column, name in _KEYS.items() if column in rows}


def _usage_lines(replay: Replay) -> "pd.DataFrame":
    import pandas as pd

    usage = replay.usage
    quantity = replay.coverage.on_demand_quantity * usage.weight[:, None]
    hour, row = np.nonzero(quantity > 0.0)
    amount = quantity[hour, row]
    cost = amount * usage.on_demand_rate[row]
    return pd.DataFrame(
        {
            "line_item_line_item_type": "Usage",
            "line_item_usage_start_date": usage.start[hour],
            **_keys(replay, row),
            "line_item_usage_amount": amount,
            "line_item_unblended_cost": cost,
            "pricing_public_on_demand_cost": cost,
        }
    )


def _covered_lines(replay: Replay) -> "pd.DataFrame":
    """Return SavingsPlanCoveredUsage and DiscountedUsage."""
    import pandas as pd

    usage, found, fees = replay.usage, replay.allocation, replay.fees
    is_lease = np.array([h.plan_type == RESERVED for h in replay.held], dtype=bool)
    lease = is_lease[found.plan]
    amount = found.quantity * usage.weight[found.hour]
    on_demand = amount * usage.on_demand_rate[found.row]
    draw = replay.commitments.draw[found.plan, found.row]
    effective = amount * draw * fees.price[found.plan]
    upfront = effective * fees.upfront_share[found.plan]
    ids = np.array(replay.ids, dtype=object)[found.plan]
    return pd.DataFrame(
        {
            "line_item_line_item_type": np.where(
                lease, "DiscountedUsage", "SavingsPlanCoveredUsage"
            ),
            "line_item_usage_start_date": usage.start[found.hour],
            **_keys(replay, found.row),
            "line_item_usage_amount": amount,
            "line_item_unblended_cost": np.where(lease, 0.0, on_demand),
            "pricing_public_on_demand_cost": on_demand,
            "savings_plan_savings_plan_a_r_n": np.where(lease, "", ids),
            f"{_SP}savings_plan_effective_cost": np.where(lease, 0.0, effective),
            "reservation_reservation_a_r_n": np.where(lease, ids, ""),
            f"{_RI}effective_cost": np.where(lease, effective, 0.0),
            f"{_RI}recurring_fee_for_usage": np.where(lease, effective - upfront, 0.0),
            f"{_RI}amortized_upfront_cost_for_usage": np.where(lease, upfront, 0.0),
        }
    )


def _negations(covered: "pd.DataFrame") -> "pd.DataFrame":
    """Return minus the covered cost, by hour, plan, usage type and operation."""
    plans = covered[covered["line_item_line_item_type"] == "SavingsPlanCoveredUsage"]
    keys = [
        name
        for name in (
            "line_item_usage_start_date",
            "savings_plan_savings_plan_a_r_n",
            "line_item_product_code",
            "line_item_usage_type",
            "line_item_operation",
        )
        if name in plans
    ]
    money = ["line_item_usage_amount", "line_item_unblended_cost"]
    grouped = plans.groupby(keys, as_index=False)[money].sum()
    grouped["line_item_unblended_cost"] *= -1.0
    return grouped.assign(line_item_line_item_type="SavingsPlanNegation")


def _recurring_fees(replay: Replay) -> "pd.DataFrame":
    """Return one fee per Savings Plan and hour in force."""
    import pandas as pd

    usage, fees = replay.usage, replay.fees
    total = replay.commitments.quantity * usage.weight[:, None]
    used = replay.coverage.used_commitment * usage.weight[:, None]
    is_plan = np.array([h.plan_type != RESERVED for h in replay.held], dtype=bool)
    hour, plan = np.nonzero((total > 0.0) & is_plan)
    committed, share = total[hour, plan], fees.upfront_share[plan]
    return pd.DataFrame(
        {
            "line_item_line_item_type": "SavingsPlanRecurringFee",
            "line_item_usage_start_date": usage.start[hour],
            "savings_plan_savings_plan_a_r_n": np.array(replay.ids, dtype=object)[plan],
            "line_item_usage_amount": usage.weight[hour],
            "line_item_unblended_cost": committed * (1.0 - share),
            f"{_SP}total_commitment_to_date": committed,
            f"{_SP}used_commitment": used[hour, plan],
            f"{_SP}recurring_commitment_for_billing_period": committed * (1.0 - share),
            f"{_SP}amortized_upfront_commitment_for_billing_period": committed * share,
        }
    )


def _upfront_fees(replay: Replay) -> "pd.DataFrame":
    """Return the fee paid on the first day of commitments that begin within the hours."""
    import pandas as pd

    starts = replay.usage.start
    rows = []
    for p, (held, name) in enumerate(zip(replay.held, replay.ids, strict=True)):
        share = float(replay.fees.upfront_share[p])
        if held.start is None or share == 0.0 or not starts[0] <= held.start <= starts[-1]:
            continue
        quantity = float(replay.commitments.quantity[:, p].max())
        lease = held.plan_type == RESERVED
        fee = quantity * float(replay.fees.price[p]) * share * TERM_HOURS[held.term]
        rows.append(
            {
                "line_item_line_item_type": "Fee" if lease else "SavingsPlanUpfrontFee",
                "line_item_usage_start_date": pd.Timestamp(held.start),
                "line_item_usage_amount": 1.0,
                "line_item_unblended_cost": fee,
                f"{_RI}reservation_a_r_n" if lease else f"{_SP}savings_plan_a_r_n": name,
            }
        )
    return pd.DataFrame(rows)


def _lease_fees(replay: Replay) -> "pd.DataFrame":
    """Return the RIFee of each reservation and month: due for every hour, used or not."""
    import pandas as pd

    usage, fees = replay.usage, replay.fees
    month = usage.start.strftime("%Y-%m-01").to_numpy()
    rows = []
    for p, (held, name) in enumerate(zip(replay.held, replay.ids, strict=True)):
        if held.plan_type != RESERVED:
            continue
        for first in np.unique(month):
            inside = month == first
            weight, price = usage.weight[inside], float(fees.price[p])
            held_units = float(weight @ replay.commitments.quantity[inside, p])
            unused = float(weight @ replay.coverage.unused_commitment[inside, p])
            share = float(fees.upfront_share[p])
            rows.append(
                {
                    "line_item_line_item_type": "RIFee",
                    "line_item_usage_start_date": pd.Timestamp(first, tz="UTC"),
                    "reservation_reservation_a_r_n": name,
                    "line_item_usage_amount": held_units,
                    "line_item_unblended_cost": held_units * price * (1.0 - share),
                    f"{_RI}amortized_upfront_fee_for_billing_period": held_units * price * share,
                    f"{_RI}unused_recurring_fee": unused * price * (1.0 - share),
                    f"{_RI}unused_amortized_upfront_fee_for_billing_period": unused
                    * price
                    * share,
                    f"{_RI}unused_quantity": unused,
                }
            )
    return pd.DataFrame(rows)
