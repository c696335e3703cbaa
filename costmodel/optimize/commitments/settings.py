"""What may be bought, and how unsure the future is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from costmodel.errors import BadInputError
from costmodel.optimize.commitments.rates import PAYMENTS, PLAN_TYPES, TERMS


@dataclass(frozen=True, slots=True)
class CommitmentChoice:
    """What may be bought.

    Attributes:
        plan_types: Savings Plan types.
        terms: 1yr, 3yr. In a year that repeats the past three years always win: name both only to
            compare them.
        payments: No Upfront, Partial Upfront, All Upfront; the same holds.
        offering_class: standard or convertible reservations, None for none.
    """

    plan_types: Sequence[str] = PLAN_TYPES
    terms: Sequence[str] = ("1yr",)
    payments: Sequence[str] = ("No Upfront",)
    offering_class: str | None = "standard"

    def __post_init__(self) -> None:
        classes = ("standard", "convertible")
        named = (() if self.offering_class is None else (self.offering_class,), classes)
        for values, known in (
            (self.plan_types, PLAN_TYPES),
            (self.terms, TERMS),
            (self.payments, PAYMENTS),
            named,
        ):
            for value in values:
                if value not in known:
                    raise BadInputError(f"{value!r}: choose among {', '.join(known)}")
        if not self.terms or not self.payments:
            raise BadInputError("name at least one term and one payment option")


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How usage may change over the term, and how much a bad end weighs.

    Attributes:
        yearly_growth: expected change of usage a year, 0.1 for +10 %.
        yearly_volatility: standard deviation of the logarithm of the level after a year.
        removed_share: share of usage that an event (a workload removed or migrated away) takes.
        removal_probability: chance of the event within the term.
        risk_weight: 0 plans for the expected cost over the futures, 1 for their worst tenth (CVaR
            of the regret against buying nothing); None plans for a year that repeats the past.
        scenarios: number of futures.
        seed: of the random numbers.
    """

    yearly_growth: float = 0.0
    yearly_volatility: float = 0.15
    removed_share: float = 0.0
    removal_probability: float = 0.0
    risk_weight: float | None = None
    scenarios: int = 300
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("removed_share", "removal_probability", "risk_weight"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise BadInputError(f"{name} is {value}: give a number in 0 … 1")
        if not -1.0 < self.yearly_growth < math.inf or not 0.0 <= self.yearly_volatility <= 3.0:
            raise BadInputError("growth must be above -1 and volatility in 0 … 3")
        if not 1 <= self.scenarios <= 10_000:
            raise BadInputError(f"scenarios is {self.scenarios}: give 1 … 10,000")
