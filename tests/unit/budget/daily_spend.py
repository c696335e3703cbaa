"""Spend of one service, a row a day, and budgets to hold against it."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from costmodel.budget.evaluate import Evaluation, evaluate
from costmodel.budget.model import Budget, parse_budget
from costmodel.budget.spend import Spend


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spend(start: str, amounts, service: str = "Amazon EC2") -> Spend:
    """One row a day of one service."""
    days = pd.date_range(start, periods=len(amounts), tz="UTC")
    table = pd.DataFrame(
        {
            "ChargePeriodStart": days,
            "ServiceName": service,
            "SubAccountId": "001",
            "RegionId": "us-east-1",
            "x_UsageType": "BoxUsage:m5.large",
            "EffectiveCost": np.asarray(amounts, dtype=float),
            "ConsumedQuantity": np.asarray(amounts, dtype=float) / 0.1,
        }
    )
    return Spend.from_table(table)


def budget(**fields) -> Budget:
    return parse_budget({"name": "team", "limit": 1000, **fields}, "test")


def run(data: Spend, one: Budget, now: str, state=None) -> Evaluation:
    return evaluate(data, [one], now=at(now), state=state or {})


STEADY = [10.0] * 59  # January and February 2026
