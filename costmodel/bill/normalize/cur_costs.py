"""The cost metrics of a CUR row by its line item type (AWS's documented amortisation rules)."""

from dataclasses import dataclass
from typing import Final

from costmodel.bill.normalize.raw import ZERO, RawColumns, Sql, case, coalesce, isin

COVERED: Final = "SavingsPlanCoveredUsage"
NEGATION: Final = "SavingsPlanNegation"
PLAN_FEE: Final = "SavingsPlanRecurringFee"
PLAN_UPFRONT: Final = "SavingsPlanUpfrontFee"
RESERVED_USE: Final = "DiscountedUsage"
RESERVED_FEE: Final = "RIFee"

_TYPE = "line_item_line_item_type"
_PLAN_REFUND_TEXT = "Refund for one-time fee for Savings Plan ID%"


@dataclass(frozen=True, slots=True)
class Amortized:
    """An amortised cost; unused commitment stands on fee rows or is left to rows of its own."""

    with_unused: Sql
    without_unused: Sql
    unused: Sql | None  # NULL on rows that carry none


@dataclass(frozen=True, slots=True)
class CurCosts:
    """Cost expressions of a CUR; ``None`` where the file cannot say."""

    unblended: Sql
    net_unblended: Sql | None
    amortized: Amortized
    net_amortized: Amortized | None
    billed: Sql
    contracted: Sql
    list_cost: Sql | None
    true_up: Sql | None
    upfront: Sql


def cur_costs(raw: RawColumns) -> CurCosts:
    """Return the cost expressions for the columns a report has."""
    unblended = raw.money("line_item_unblended_cost") or ZERO
    has_net = raw.has("line_item_net_unblended_cost")
    net = coalesce(raw.money("line_item_net_unblended_cost"), unblended) or unblended
    return CurCosts(
        unblended=unblended,
        net_unblended=net if has_net else None,
        amortized=_amortized(raw, unblended, ""),
        net_amortized=_amortized(raw, net, "net_") if has_net else None,
        billed=_zero_when(raw, (COVERED, NEGATION), net),
        contracted=_contracted(raw, net),
        list_cost=_list_cost(raw, net),
        true_up=_true_up(raw),
        upfront=_upfront(raw, unblended),
    )


def _is(raw: RawColumns, *types: str) -> Sql:
    return isin(raw.plain(_TYPE) or "''", types)


def _zero_when(raw: RawColumns, types: tuple[str, ...], otherwise: Sql) -> Sql:
    if not raw.has("savings_plan_savings_plan_a_r_n"):
        return otherwise
    return f"CASE WHEN {_is(raw, *types)} THEN {ZERO} ELSE {otherwise} END"


def _filled(raw: RawColumns, net: str, section: str, name: str) -> Sql | None:
    """Return a cost column of a commitment, its net twin first where that is asked for."""
    gross = raw.money(f"{section}_{name}")
    twin = raw.money(f"{section}_{net}{name}") if net else None
    return coalesce(twin, gross)


def _has_plans(raw: RawColumns) -> bool:
    return raw.has("savings_plan_savings_plan_a_r_n")


def _amortized(raw: RawColumns, cost: Sql, net: str) -> Amortized:
    reserved, plan = _idle_reservation(raw, net), _idle_plan(raw, net)
    fees = [(_is(raw, RESERVED_FEE), reserved), (_is(raw, PLAN_FEE), plan)]
    carried = [(when, idle) for when, idle in fees if idle is not None]
    return Amortized(
        with_unused=_amortized_rows(raw, cost, net, reserved or ZERO, plan or ZERO),
        without_unused=_amortized_rows(raw, cost, net, ZERO, ZERO),
        unused=case(carried, None) if carried else None,
    )


def _amortized_rows(raw: RawColumns, cost: Sql, net: str, reserved_fee: Sql, plan_fee: Sql) -> Sql:
    branches: list[tuple[Sql, Sql | None]] = []
    if _has_plans(raw):
        covered = _filled(raw, net, "savings_plan", "savings_plan_effective_cost")
        branches.append((_is(raw, COVERED), covered))
        branches.append((_is(raw, NEGATION, PLAN_UPFRONT), ZERO))
        branches.append((_is(raw, PLAN_FEE), plan_fee))
        branches.append((_plan_refund(raw), ZERO))
    if raw.has("reservation_reservation_a_r_n"):
        used = _filled(raw, net, "reservation", "effective_cost")
        branches.append((_is(raw, RESERVED_USE), used))
        branches.append((_is(raw, RESERVED_FEE), reserved_fee))
        branches.append((_reserved_upfront(raw), ZERO))
    return case(branches, cost) or cost


def _plan_refund(raw: RawColumns) -> Sql:
    offering = raw.plain("savings_plan_offering_type") or "''"
    text = raw.plain("line_item_line_item_description") or "''"
    return (
        f"({_is(raw, 'Refund')} AND {offering} LIKE '%SavingsPlans'"
        f" AND {text} LIKE '{_PLAN_REFUND_TEXT}')"
    )


def _reserved_upfront(raw: RawColumns) -> Sql:
    arn = raw.plain("reservation_reservation_a_r_n")
    return f"({_is(raw, 'Fee')} AND COALESCE({arn}, '') <> '')"


def _idle_reservation(raw: RawColumns, net: str) -> Sql | None:
    """Return the unused reservation on its fee row."""
    upfront = _filled(raw, net, "reservation", "unused_amortized_upfront_fee_for_billing_period")
    recurring = _filled(raw, net, "reservation", "unused_recurring_fee")
    parts = [f"COALESCE({part}, {ZERO})" for part in (upfront, recurring) if part]
    return f"({' + '.join(parts)})" if parts else None


def _idle_plan(raw: RawColumns, net: str) -> Sql | None:
    """Return the unused commitment of a savings plan on its fee row."""
    total = raw.money("savings_plan_total_commitment_to_date")
    used = raw.money("savings_plan_used_commitment")
    if not (total and used):
        return None
    idle = f"(COALESCE({total}, {ZERO}) - COALESCE({used}, {ZERO}))"
    return _net_of_plan(raw, idle) if net else idle


def _net_of_plan(raw: RawColumns, idle: Sql) -> Sql:
    """Scale idle plan commitment by net over gross commitment: the CUR has no net twin of it."""
    parts = ("recurring_commitment", "amortized_upfront_commitment")
    pairs = [
        (raw.money(f"savings_plan_{p}_for_billing_period"),
         raw.money(f"savings_plan_net_{p}_for_billing_period"))
        for p in parts
    ]  # fmt: skip
    gross = " + ".join(f"COALESCE({g}, {ZERO})" for g, n in pairs if g and n)
    net = " + ".join(f"COALESCE({n}, {g}, {ZERO})" for g, n in pairs if g and n)
    if not gross:
        return idle
    ratio = f"CAST({net} AS DOUBLE) / NULLIF(CAST({gross} AS DOUBLE), 0)"
    return f"CAST(CAST({idle} AS DOUBLE) * COALESCE({ratio}, 1) AS DECIMAL(38, 18))"


def _contracted(raw: RawColumns, cost: Sql) -> Sql:
    branches: list[tuple[Sql, Sql | None]] = []
    if _has_plans(raw):
        branches.append((_is(raw, NEGATION), ZERO))
    public = raw.money("pricing_public_on_demand_cost")
    if public is not None and raw.has("reservation_reservation_a_r_n"):
        # The unblended rate of reserved usage is 0; its on-demand cost is the public one.
        branches.append((_is(raw, RESERVED_USE), public))
    return case(branches, cost) or cost


def _list_cost(raw: RawColumns, cost: Sql) -> Sql | None:
    public = raw.money("pricing_public_on_demand_cost")
    if public is None:
        return None
    # Spot rows carry a public cost of 0: the list price is unknown here, not free.
    spot = f"{raw.plain('line_item_usage_type') or ZERO} LIKE '%SpotUsage%' AND {public} = 0"
    return case(
        [
            (_is(raw, NEGATION), ZERO),
            (spot, None),
            (_is(raw, "Usage", RESERVED_USE, COVERED, "FlatRateSubscription"), public),
        ],
        cost,
    )


def _true_up(raw: RawColumns) -> Sql | None:
    plan = raw.money("savings_plan_amortized_upfront_commitment_for_billing_period")
    reserved = raw.money("reservation_amortized_upfront_fee_for_billing_period")
    branches: list[tuple[Sql, Sql | None]] = []
    if plan:
        branches.append((_is(raw, PLAN_FEE), f"-COALESCE({plan}, {ZERO})"))
    if reserved:
        branches.append((_is(raw, RESERVED_FEE), f"-COALESCE({reserved}, {ZERO})"))
    return case(branches, ZERO)


def _upfront(raw: RawColumns, unblended: Sql) -> Sql:
    fees = [_is(raw, PLAN_UPFRONT)]
    if raw.has("reservation_reservation_a_r_n"):
        fees.append(_reserved_upfront(raw))
    if _has_plans(raw):
        fees.append(_plan_refund(raw))
    return f"CASE WHEN {' OR '.join(fees)} THEN {unblended} ELSE {ZERO} END"
