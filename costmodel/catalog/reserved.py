"""Reserved rates as one row per offer: hourly rate, upfront fee and the rate both amount to.

The price list gives an offer as two rows, an hourly rate and an upfront fee; the EC2 source gives
the effective hourly rate. Either way a term has 8,760 or 26,280 hours.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.catalog.arrow import is_text, numbers, plain_text, row_array
from costmodel.catalog.match import Floats

TERM_HOURS = {"1yr": 8760.0, "3yr": 3 * 8760.0}

# AWS sells Partial Upfront at about half the term's cost in advance; the EC2 source gives the
# effective rate only, so the split of a Partial Upfront offer is derived.
_PARTIAL_UPFRONT_SHARE = 0.5

_OFFER = (
    "x_ServiceCode", "RegionId", "x_UsageType", "x_Operation", "LeaseContractLength",
    "PurchaseOption", "OfferingClass",
)  # fmt: skip


def offers_of_rates(rates: pa.Table) -> pa.Table:
    """Return one row per offer from a service's reserved rate rows (hourly and upfront rows).

    Returns:
        The offer's key columns, x_HourlyUnitPrice [USD / unit hour], x_UpfrontFee [USD],
        x_EffectiveUnitPrice [USD / unit hour], PricingUnit, SkuPriceId (of the hourly row),
        x_Basis, x_Published.
    """
    named = is_text(rates["x_TermType"], "Reserved") & ~is_text(rates["x_UsageType"], "")
    rows = rates.take(row_array(np.flatnonzero(named)))
    upfront = numbers(
        pc.starts_with(plain_text(rows["PricingUnit"]), pattern="Upfront").cast(pa.uint8())
    ).astype(bool)
    key = pc.binary_join_element_wise(*(plain_text(rows[name]) for name in _OFFER), "\x1f")
    encoded = key.dictionary_encode()
    offer, count = numbers(encoded.indices).astype(np.intp), len(encoded.dictionary)
    price = numbers(rows["ListUnitPrice"])
    hourly, fee = np.full(count, np.nan), np.zeros(count)
    hourly_row = np.full(count, -1, dtype=np.intp)
    hourly[offer[~upfront]] = price[~upfront]
    hourly_row[offer[~upfront]] = np.flatnonzero(~upfront)
    fee[offer[upfront]] = price[upfront]
    sold = np.flatnonzero(hourly_row >= 0)
    table = rows.take(row_array(hourly_row[sold]))
    return _with_prices(table, hourly[sold], fee[sold])


def _with_prices(table: pa.Table, hourly: Floats, fee: Floats) -> pa.Table:
    effective = hourly + fee / _term_hours(table)
    names = (*_OFFER, "PricingUnit", "SkuPriceId", "x_Basis", "x_Published")
    return (
        table.select(list(names))
        .append_column("x_HourlyUnitPrice", pa.array(hourly))
        .append_column("x_UpfrontFee", pa.array(fee))
        .append_column("x_EffectiveUnitPrice", pa.array(effective))
    )


def offers_of_effective_rates(table: pa.Table) -> pa.Table:
    """Return the EC2 offers with the effective rate split into hourly rate and upfront fee."""
    effective = numbers(table["x_EffectiveUnitPrice"])
    share = np.where(
        is_text(table["PurchaseOption"], "All Upfront"),
        1.0,
        np.where(is_text(table["PurchaseOption"], "No Upfront"), 0.0, _PARTIAL_UPFRONT_SHARE),
    )
    fee = share * effective * _term_hours(table)
    return table.append_column(
        "x_HourlyUnitPrice", pa.array((1.0 - share) * effective)
    ).append_column("x_UpfrontFee", pa.array(fee))


def _term_hours(table: pa.Table) -> Floats:
    three_years = is_text(table["LeaseContractLength"], "3yr")
    return np.where(three_years, TERM_HOURS["3yr"], TERM_HOURS["1yr"])
