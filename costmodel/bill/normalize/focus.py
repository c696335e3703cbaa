"""FOCUS 1.0 to 1.3 as columns of ``bill``: names in any case, older and newer names accepted."""

from collections.abc import Mapping
from typing import Final

from costmodel.bill.normalize import services
from costmodel.bill.normalize.raw import RawColumns, Sql, coalesce, literal
from costmodel.bill.normalize.regions import base_usage_type, region_of
from costmodel.bill.normalize.relation import BILL_COLUMNS, Expressions, Rows
from costmodel.bill.normalize.tags import map_lookup
from costmodel.columns import COLUMNS

# Column ID → names of other versions.
ALIASES: Final = {
    "RegionId": ("Region",),
    "ConsumedQuantity": ("UsageQuantity",),
    "ConsumedUnit": ("UsageUnit",),
    "ChargeCategory": ("ChargeType",),
    "ProviderName": ("Provider", "ServiceProviderName"),
    "PublisherName": ("Publisher", "HostProviderName"),
    "InvoiceIssuerName": ("InvoiceIssuer",),
    "ResourceId": ("ResourceID",),
}
_SPELLED = {
    name.lower(): name
    for name in (*BILL_COLUMNS, *(other for names in ALIASES.values() for other in names))
}
_SPELLINGS = frozenset(_SPELLED.values())
# Derived here rather than taken as they come.
_DERIVED = ("x_ServiceCode", "x_UsageType", "SkuMeter", "RegionId", "x_BillFormat", "ServiceName")


def focus_columns(types: Mapping[str, str], numbers: tuple[str, str]) -> RawColumns:
    """Return a FOCUS table's columns by Column ID; Glue writes them in lower case."""
    spelled = {name: _SPELLED.get(name.lower(), name) for name in types}
    return RawColumns(types, spelled, ALIASES, numbers)


def focus_rows(raw: RawColumns, prefixes: Mapping[str, str], label: str) -> Rows:
    """Return a FOCUS table as columns of ``bill``.

    Args:
        raw: columns, from ``focus_columns``.
        prefixes: usage-type prefix → region.
        label: format name, for ``x_BillFormat``.
    """
    columns: Expressions = {
        name: _as_is(raw, name) for name in BILL_COLUMNS if name not in _DERIVED
    }
    meter = raw.text("x_UsageType", "SkuMeter")
    name = raw.text("ServiceName")
    code = coalesce(raw.text("x_ServiceCode"), services.service_code_sql(name) if name else None)
    columns |= {
        "ServiceProviderName": raw.text("ServiceProviderName", "ProviderName"),
        "x_ServiceCode": code,
        "ServiceName": name,
        "x_PriceServiceCode": code,
        "SkuMeter": coalesce(raw.text("SkuMeter"), meter),
        "x_UsageType": base_usage_type(meter, code, prefixes) if meter else None,
        "RegionId": _region(raw, meter, code, prefixes),
        "x_BillFormat": literal(label),
    }
    status = columns["CommitmentDiscountStatus"]
    return Rows(
        columns=columns,
        is_unused=f"{status} = 'Unused'" if status else None,
        tag=lambda key: map_lookup(raw, "Tags", key),
        other=raw.others(left_out=_SPELLINGS.__contains__),
    )


def _region(
    raw: RawColumns, meter: Sql | None, code: Sql | None, prefixes: Mapping[str, str]
) -> Sql | None:
    named = raw.text("RegionId")
    regional = None if named is None else f"NULLIF({named}, 'global')"
    return coalesce(regional, region_of(meter, code, prefixes) if meter else None)


def _as_is(raw: RawColumns, name: str) -> Sql | None:
    match COLUMNS[name].kind:
        case "money":
            return raw.money(name)
        case "quantity":
            return raw.quantity(name)
        case "time":
            return raw.time(name)
        case "tags":
            return raw.tags(name)
        case _:
            return raw.text(name)
