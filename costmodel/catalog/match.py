"""Which SKU prices a key: a ladder of look-ups on arrays, never the cheapest, never a guess.

The ladder for one key (service, region, usage type without prefix, operation, variant):

1. the exact key;
2. rows of that usage type that name no operation;
3. whichever operation, if all of them have the same tiers; not for usage types whose operation
   decides the price (instances: operating system, engine, licence) when an operation is given;
4. the same three in region ``global``.

Where a step finds several SKUs with different tiers, the one without a variant wins (the build
gives the empty variant to the documented default only); else the key is ambiguous.

Letters in shapes: ``n`` keys asked for, ``s`` SKUs of a service, ``k`` distinct keys, ``t`` tiers.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.catalog.arrow import (
    is_text,
    numbers,
    places,
    plain_text,
    repeated,
    row_array,
    text_array,
)
from costmodel.catalog.tables import GLOBAL_REGION

Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NO_SKU = -1
AMBIGUOUS = -2

_SEPARATOR = "\x1f"

# Usage types whose operation says what runs on the instance, and so decides the price.
_OPERATION_DECIDES = (
    "BoxUsage", "DedicatedUsage", "HostBoxUsage", "UnusedBox", "UnusedDed", "Reservation",
    "InstanceUsage", "Multi-AZUsage", "MirrorUsage", "Multi-AZClusterUsage",
    "InstanceUsageIOOptimized", "NodeUsage",
)  # fmt: skip


_FIRST = row_array(np.array([0]))[0]


class KeyIndex(NamedTuple):
    """Distinct keys of one kind and the SKU each resolves to."""

    keys: pa.Array  # (k,) text
    sku: Ints  # (k,) SKU number, AMBIGUOUS where several prices share the key


class ServiceRates(NamedTuple):
    """The on-demand SKUs of one service in the regions loaded so far, ready for look-up."""

    rows: pa.Table  # (t,) tier rows in catalog order
    first: Ints  # (s + 1,) first tier row of each SKU
    exact: KeyIndex  # region, usage type, operation
    any_operation: KeyIndex  # region, usage type
    exact_variant: KeyIndex  # region, usage type, operation, variant
    any_operation_variant: KeyIndex  # region, usage type, variant


class Keys(NamedTuple):
    """Keys of one service asked for, as text arrays (n,)."""

    region: pa.Array
    usage_type: pa.Array
    operation: pa.Array
    variant: pa.Array


def index_rates(rows: pa.Table) -> ServiceRates:
    """Return the look-up of one service's on-demand rows, which are in catalog order."""
    begin = numbers(rows["BeginRange"])
    first = np.append(np.flatnonzero(begin == 0.0), len(begin)).astype(np.intp)
    head = rows.select(["RegionId", "x_UsageType", "x_Operation", "x_Variant"]).take(
        row_array(first[:-1])
    )
    region, usage, operation, variant = (plain_text(column) for column in head.columns)
    identity = _tier_identity(first, begin, numbers(rows["ListUnitPrice"]))
    is_default = is_text(variant, "")
    exact = _index(_joined(region, usage, operation), identity, is_default)
    return ServiceRates(
        rows,
        first,
        exact.resolved,
        _over_operations(exact, _joined(region, usage), identity),
        _index(_joined(region, usage, operation, variant), identity, is_default).resolved,
        _index(_joined(region, usage, variant), identity, is_default).resolved,
    )


def match_keys(rates: ServiceRates, keys: Keys) -> Ints:
    """Return the SKU of each key (n,): its number, NO_SKU or AMBIGUOUS."""
    in_region = _match_in_region(rates, keys)
    missing = np.flatnonzero(in_region == NO_SKU)
    if len(missing):
        rest = Keys(*(values.take(row_array(missing)) for values in keys))
        everywhere = repeated(GLOBAL_REGION, len(missing))
        in_region[missing] = _match_in_region(rates, rest._replace(region=everywhere))
    return in_region


def _match_in_region(rates: ServiceRates, keys: Keys) -> Ints:
    region, usage, operation, variant = keys
    names_variant = ~is_text(variant, "")
    no_operation = repeated("", len(region))
    exact = _look_up(rates.exact, region, usage, operation)
    without = _look_up(rates.exact, region, usage, no_operation)
    loose = _look_up(rates.any_operation, region, usage)
    if names_variant.any():
        exact_v = _look_up(rates.exact_variant, region, usage, operation, variant)
        without_v = _look_up(rates.exact_variant, region, usage, no_operation, variant)
        loose_v = _look_up(rates.any_operation_variant, region, usage, variant)
        exact = np.where(names_variant, exact_v, exact)
        without = np.where(names_variant, without_v, without)
        loose = np.where(names_variant, loose_v, loose)
    strict = _operation_decides(usage) & ~is_text(operation, "")
    loose = np.where(strict, NO_SKU, loose)
    result: Ints = np.where(exact != NO_SKU, exact, np.where(without != NO_SKU, without, loose))
    return result


def _look_up(index: KeyIndex, *parts: pa.Array) -> Ints:
    # One more entry at the end answers place -1.
    found: Ints = np.append(index.sku, NO_SKU)[places(_joined(*parts), index.keys)]
    return found


def _operation_decides(usage_type: pa.Array) -> Bools:
    family = pc.list_element(pc.split_pattern(usage_type, ":", max_splits=1), _FIRST)
    decides: Bools = places(family, text_array(_OPERATION_DECIDES)) >= 0
    return decides


def _joined(*parts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, text_array([_SEPARATOR])[0])


def _tier_identity(first: Ints, begin: Floats, price: Floats) -> Ints:
    """Return a number per SKU (s,) that two SKUs share when their tiers are the same."""
    bounds, bound_code = np.unique(begin, return_inverse=True)
    tier_code = np.unique(price, return_inverse=True)[1] * max(len(bounds), 1) + bound_code
    base = int(tier_code.max(initial=0)) + 1
    width, start = np.diff(first), first[:-1]
    identity = tier_code[start].astype(np.intp)
    given = base
    for tier in range(1, int(width.max(initial=0))):
        longer = np.flatnonzero(width > tier)
        # Pair what is known of a SKU with its next tier; new numbers lie above all given so far.
        pairs = identity[longer] * base + tier_code[start[longer] + tier]
        distinct, code = np.unique(pairs, return_inverse=True)
        identity[longer] = given + code
        given += len(distinct)
    return identity


class _Indexed(NamedTuple):
    """An index and the first SKU (k,) that carries each of its keys."""

    resolved: KeyIndex
    first_sku: Ints


def _index(keys: pa.Array, identity: Ints, is_default: Bools) -> _Indexed:
    encoded = keys.dictionary_encode()
    code, count = numbers(encoded.indices).astype(np.intp), len(encoded.dictionary)
    every = np.arange(len(code))
    sku, agree = _resolve(code, every, identity, count)
    default, defaults_agree = _resolve(code[is_default], every[is_default], identity, count)
    fallback = np.where(defaults_agree & (default != NO_SKU), default, AMBIGUOUS)
    resolved = np.where(agree, sku, fallback).astype(np.intp)
    return _Indexed(KeyIndex(encoded.dictionary, resolved), sku)


def _over_operations(exact: _Indexed, keys: pa.Array, identity: Ints) -> KeyIndex:
    """Return the index of keys without operation: all operations must have the same tiers."""
    resolved = exact.resolved.sku
    encoded = keys.take(row_array(exact.first_sku)).dictionary_encode()
    code, count = numbers(encoded.indices).astype(np.intp), len(encoded.dictionary)
    # An operation that is ambiguous itself makes the whole key ambiguous.
    tiers = np.where(resolved == AMBIGUOUS, AMBIGUOUS, identity[resolved])
    operation, agree = _resolve(code, np.arange(len(code)), tiers, count)
    return KeyIndex(
        encoded.dictionary, np.where(agree, resolved[operation], AMBIGUOUS).astype(np.intp)
    )


def _resolve(code: Ints, sku: Ints, identity: Ints, count: int) -> tuple[Ints, Bools]:
    """Return the first SKU of each key (k,), and whether all its SKUs have the same tiers."""
    first = np.full(count, NO_SKU, dtype=np.intp)
    first[code[::-1]] = sku[::-1]  # the last assignment wins: go backwards
    agree = np.ones(count, dtype=bool)
    agree[code[identity[sku] != identity[first[code]]]] = False
    return first, agree
