"""Free allowances: what AWS does not charge of an account's usage, subtracted once over regions.

Source: https://aws.amazon.com/free/ ; the allowances are data (``pricing_data/free_tier.toml``).
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

import numpy as np

from costmodel.usage.table import Floats, UsageTable

FreeTier = Literal["none", "always", "first-year"]
FREE_TIERS: Final[tuple[FreeTier, ...]] = ("none", "always", "first-year")


def free_quantity(
    usage: UsageTable, allowances: Sequence[Mapping[str, Any]], free_tier: FreeTier
) -> Floats:
    """Return how much of each line is free, (n,) in its unit.

    An allowance is shared by the lines it covers in proportion to their quantities, so that the
    result does not depend on their order.

    Args:
        usage: n lines of one account.
        allowances: ``service_code``, ``usage_types`` (globs), ``quantity``, ``kind``.
        free_tier: ``always`` takes what every account has, ``first-year`` the 12-month offers too.
    """
    free = np.zeros(len(usage))
    if free_tier == "none":
        return free
    for allowance in allowances:
        if allowance["kind"] == "first-year" and free_tier != "first-year":
            continue
        rows = _covered(usage, allowance)
        used = usage.quantity[rows]
        total = used.sum()
        if total > 0:
            free[rows] += used * min(1.0, allowance["quantity"] / total)
    return free


def _covered(usage: UsageTable, allowance: Mapping[str, Any]) -> Any:
    globs = allowance["usage_types"]
    matches = [
        service == allowance["service_code"]
        and usage_type is not None
        and model == "OnDemand"
        and any(fnmatchcase(usage_type, glob) for glob in globs)
        for service, usage_type, model in zip(
            usage.service_code, usage.usage_type, usage.model, strict=True
        )
    ]
    return np.flatnonzero(np.array(matches, dtype=bool) & ~np.isnan(usage.quantity))
