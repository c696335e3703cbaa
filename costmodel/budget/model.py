"""What a budget is: the validated form of one entry of budgets.yaml."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, tzinfo
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from costmodel.budget.alert import Link, Severity
from costmodel.budget.filters import All, Filter, parse_filter
from costmodel.budget.limits import FixedLimit, Limit, parse_limit
from costmodel.budget.period import Calendar, TimeUnit
from costmodel.columns import COST_METRICS
from costmodel.errors import BadInputError

QUANTITY_METRICS: Final = ("ConsumedQuantity", "PricingQuantity")
_PERCENT: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*%\s*")


class BudgetType(StrEnum):
    """What a budget measures; the words of the AWS Budgets API."""

    COST = "COST"
    USAGE = "USAGE"
    RI_UTILIZATION = "RI_UTILIZATION"
    RI_COVERAGE = "RI_COVERAGE"
    SAVINGS_PLANS_UTILIZATION = "SAVINGS_PLANS_UTILIZATION"
    SAVINGS_PLANS_COVERAGE = "SAVINGS_PLANS_COVERAGE"

    @property
    def is_share(self) -> bool:
        """Whether the measure is a percentage (utilisation, coverage) and not a sum."""
        return self not in (BudgetType.COST, BudgetType.USAGE)


def _upper(value: Any) -> Any:
    return value.upper().replace("-", "_") if isinstance(value, str) else value


def _filter(value: Any) -> Any:
    return value if isinstance(value, Filter) else parse_filter(value)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Threshold(_Model):
    """When to say something.

    Attributes:
        value: an amount, or a percentage of the limit (of the previous period for ``on: change``).
        is_percent: whether `value` is a percentage.
        of: the spend so far, the expected end of the period, or its 90 % quantile.
        on: the period's total, or its change against the previous period.
        operator: which side is bad.
        severity: how urgent it is; by default it follows the share of the limit.
        id: its name in alert keys; by default made of the other fields.
    """

    value: float
    is_percent: bool = False
    of: Literal["actual", "forecast", "forecast_p90"] = "actual"
    on: Literal["total", "change"] = "total"
    operator: Literal["greater", "less", "equal"] = "greater"
    severity: Severity | None = None
    id: str = ""

    @model_validator(mode="before")
    @classmethod
    def _parse_percent(cls, data: Any) -> Any:
        if isinstance(data, str | int | float):
            data = {"value": data}
        if not isinstance(data, Mapping):
            return data
        percent = _PERCENT.fullmatch(str(data.get("value")))
        return {**data, "value": percent[1], "is_percent": True} if percent else data

    @field_validator("value")
    @classmethod
    def _is_finite(cls, value: float) -> float:
        if not math.isfinite(value):
            raise ValueError("a threshold is a finite number or a percentage such as 80%")
        return value

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        if self.value < 0.0 and self.on == "total":
            raise ValueError(
                "a threshold below zero is crossed by everything: give 0 or more, or say "
                "on: change for a fall against the previous period"
            )
        return self

    @property
    def key(self) -> str:
        """The threshold's part of an alert key."""
        unit = "pct" if self.is_percent else ""
        change = "-change" if self.on == "change" else ""
        side = "" if self.operator == "greater" else f"-{self.operator}"
        return self.id or f"{self.of}{change}{side}-{self.value:g}{unit}"

    @property
    def text(self) -> str:
        """The threshold as people say it."""
        what = {"actual": "actual", "forecast": "forecast", "forecast_p90": "forecast (P90)"}
        sign = {"greater": ">", "less": "<", "equal": "="}[self.operator]
        unit = " %" if self.is_percent else ""
        base = " of limit" if self.is_percent and self.on == "total" else ""
        against = " against the previous period" if self.on == "change" else ""
        return f"{what[self.of]} {sign} {self.value:g}{unit}{base}{against}"


class PerUnit(_Model):
    """Divide the cost by a quantity: cost per request, per GB, per order.

    Attributes:
        column: the quantity column that is summed.
        filter: the rows whose quantity counts.
    """

    column: str = "ConsumedQuantity"
    filter: Annotated[Filter, BeforeValidator(_filter)] = All()


class Budget(_Model):
    """One budget.

    Attributes:
        name: identity of the budget in alert keys.
        type: what is measured.
        period: how often it starts anew.
        start: CUSTOM: first day; else the day from which it counts and rolls over.
        end: CUSTOM: last day; else the last day on which it is evaluated.
        time_zone: whose midnights begin a period; UTC as in AWS Budgets.
        fiscal_year_start: first month of the fiscal year (quarters, years).
        metric: the cost metric or quantity that is summed; without it, a bill that does not have
            the default is measured by what stands nearest to it.
        currency: currency, or the usage unit, for display.
        filter: the rows that count.
        limit: the amount for a period.
        rollover: what moves on: nothing, what is left (``unspent``), or also debts (``balance``).
        per_unit: divide by a quantity.
        thresholds: when to say something.
        owners: who answers for it.
        links: where to read more.
        plausible_factor: values above this many times the largest past period need confirmation.
        late_after_hours: data older than this is late.
    """

    name: str = Field(min_length=1, max_length=200)
    type: Annotated[BudgetType, BeforeValidator(_upper)] = BudgetType.COST
    period: Annotated[TimeUnit, BeforeValidator(_upper)] = TimeUnit.MONTHLY
    start: date | None = None
    end: date | None = None
    time_zone: str = "UTC"
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    metric: str = "EffectiveCost"
    currency: str = ""
    filter: Annotated[Filter, BeforeValidator(_filter)] = All()
    limit: Annotated[Limit, BeforeValidator(parse_limit)] = FixedLimit(math.nan)
    rollover: Literal["none", "unspent", "balance"] = "none"
    per_unit: PerUnit | None = None
    thresholds: tuple[Threshold, ...] = ()
    owners: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    plausible_factor: float | None = Field(default=20.0, gt=1.0)
    late_after_hours: float = Field(default=48.0, gt=0.0)

    @field_validator("name")
    @classmethod
    def _no_slash(cls, name: str) -> str:
        if "/" in name or not name.isprintable():
            raise ValueError("a name is printable text without '/'")
        return name

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"unknown time zone '{name}': use a name such as Europe/Berlin"
            ) from None
        return name

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_type(cls, data: Any) -> Any:
        """Fill what follows from the type: the metric, the unit, and 100 % for shares."""
        if not isinstance(data, Mapping):
            return data
        kind = _upper(data.get("type", "COST"))
        filled = dict(data)
        share = kind not in ("COST", "USAGE")
        if not filled.get("metric"):
            filled.pop("metric", None)  # not chosen: a bill without the default has its own
            filled |= {"metric": "ConsumedQuantity"} if kind == "USAGE" else {}
        unit = "%" if share else "units" if kind == "USAGE" else "USD"
        filled["currency"] = filled.get("currency") or unit
        if share:
            filled.setdefault("limit", 100.0)
        return filled

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.period is TimeUnit.CUSTOM and (self.start is None or self.end is None):
            raise ValueError("a custom period needs start and end")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError("end lies before start")
        known = QUANTITY_METRICS if self.type is BudgetType.USAGE else COST_METRICS
        if self.metric not in known:
            raise ValueError(f"metric '{self.metric}': choose one of {', '.join(known)}")
        if self.rollover != "none" and self.period is TimeUnit.CUSTOM:
            raise ValueError("a custom period has no next one to roll over to")
        keys = [threshold.key for threshold in self.thresholds]
        if len(set(keys)) < len(keys):
            raise ValueError("two thresholds are the same: give them different ids")
        return self

    @property
    def has_own_metric(self) -> bool:
        """Whether the metric was chosen, and is not the default."""
        return "metric" in self.model_fields_set

    @property
    def zone(self) -> tzinfo:
        """The budget's time zone."""
        return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)

    @property
    def calendar(self) -> Calendar:
        """Where the budget's periods begin."""
        return Calendar(self.period, self.zone, self.fiscal_year_start, self.start, self.end)


def parse_budgets(tree: Any, source: str) -> list[Budget]:
    """Return the budgets of a parsed budgets.yaml.

    Args:
        tree: ``{"budgets": [ … ]}`` or the list itself.
        source: the file's name, for messages.
    """
    entries = tree.get("budgets") if isinstance(tree, Mapping) else tree
    if not isinstance(entries, list) or not entries:
        raise BadInputError(f"{source}: expected a list under 'budgets:'")
    budgets = [parse_budget(entry, f"{source}: budgets[{i}]") for i, entry in enumerate(entries)]
    names = [budget.name for budget in budgets]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise BadInputError(f"{source}: two budgets are called '{double}': give each its own name")
    return budgets


def parse_budget(entry: Any, place: str) -> Budget:
    """Return one budget, or say in one line what is wrong with it."""
    if not isinstance(entry, Mapping):
        raise BadInputError(f"{place}: expected a mapping, got {entry!r}")
    try:
        return Budget.model_validate(dict(entry))
    except BadInputError as error:
        raise BadInputError(f"{place}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(
            str(part) for part in first["loc"] if not str(part).startswith("function")
        )
        name = f" ({entry['name']})" if isinstance(entry.get("name"), str) else ""
        message = first["msg"].removeprefix("Value error, ")
        raise BadInputError(f"{place}{name}: {f'{where}: ' if where else ''}{message}") from None
