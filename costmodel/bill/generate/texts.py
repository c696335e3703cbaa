"""The texts of generated rows, each kept once and referred to by number.

A text hangs on one *key* of a row (its offer, account, kind …); ``TextColumn`` maps the key's
number to a distinct text, so that a column of a chunk is two gathers and no string work.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costmodel.bill.generate.lines import FEE_OFFERS, LineKind, Lines
from costmodel.bill.generate.menu import SERVICES, Rhythm
from costmodel.bill.generate.plan import BillPlan, Ints
from costmodel.bill.generate.prices import Offer
from costmodel.bill.generate.rows import Chunk

Key = Literal["offer", "account", "kind", "lease", "plan", "rate", "place", "tag"]

RESERVED_KINDS = (LineKind.RESERVED, LineKind.RESERVATION_FEE, LineKind.RESERVATION_UPFRONT)
PLAN_KINDS = (LineKind.PLANNED, LineKind.NEGATION, LineKind.PLAN_FEE, LineKind.PLAN_UPFRONT)
TEAMS = ("checkout", "search", "data", "platform", "mobile", "payments", "growth", "ml", "ops")
ENVIRONMENTS = ("production", "staging", "dev")
ZONES = "abc"


class TextColumn(NamedTuple):
    """Texts by the number of a key."""

    key: Key
    code: Ints  # (numbers of the key,) place in values
    values: pa.Array  # distinct texts


def text_column(key: Key, texts: Iterable[str]) -> TextColumn:
    """Return the texts of a key's numbers, in order."""
    encoded = pa.array(list(texts), pa.string()).dictionary_encode()
    return TextColumn(key, encoded.indices.to_numpy().astype(np.int32), encoded.dictionary)


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of a plan; the same for every month but the invoice."""

    plan: BillPlan
    lines: Lines
    offers: Mapping[str, TextColumn]  # product_code, …; usage_type has spot's names after all
    account_id: TextColumn
    account_name: TextColumn
    lease_arn: TextColumn
    plan_arn: TextColumn
    zone: TextColumn
    team: TextColumn
    environment: TextColumn
    resource_id: pa.Array  # (s + 1,) the last, empty, is for fees
    line_id: pa.Array  # (i,)


def build_texts(plan: BillPlan, lines: Lines) -> Texts:
    """Return the texts of every line."""
    accounts = account_ids(plan)
    regions = [offer.region_id for offer in plan.prices.offers] + [""] * len(FEE_OFFERS)
    return Texts(
        plan=plan,
        lines=lines,
        offers=_offer_texts(plan.prices.offers),
        account_id=text_column("account", accounts),
        account_name=text_column("account", _account_names(len(accounts))),
        lease_arn=text_column("lease", ["", *_lease_arns(plan, accounts)]),
        plan_arn=text_column("plan", ["", *_plan_arns(plan, accounts)]),
        zone=text_column(
            "place",
            [
                f"{region}{zone}" if region and zone else ""
                for region in regions
                for zone in ("", *ZONES)
            ],
        ),
        team=text_column("tag", ["", *TEAMS]),
        environment=text_column("tag", ["", *ENVIRONMENTS]),
        resource_id=pa.array(_resource_ids(plan, accounts), pa.string()),
        line_id=pa.array(_line_ids(plan, len(lines.offer)), pa.string()),
    )


def account_ids(plan: BillPlan) -> list[str]:
    """Return 12-digit account ids; some begin with zeros, as some of AWS's do."""
    rng = np.random.default_rng([plan.settings.seed, 2])
    numbers = rng.integers(1, 10**12, plan.settings.accounts)
    numbers[1::4] //= 1000
    return [f"{number:012d}" for number in numbers.tolist()]


def _account_names(count: int) -> list[str]:
    return [
        f"{TEAMS[i % len(TEAMS)]}-{ENVIRONMENTS[i // len(TEAMS) % 3]}-{i}" for i in range(count)
    ]


def _offer_texts(offers: Sequence[Offer]) -> dict[str, TextColumn]:
    plan_, support = FEE_OFFERS
    fee_code = [plan_.product_code, support.product_code]
    blank = ["", ""]

    def column(text: Callable[[Offer], str], fees: Sequence[str]) -> TextColumn:
        return text_column("offer", [*map(text, offers), *fees])

    return {
        "product_code": column(lambda o: o.meter.service_code, fee_code),
        "product_name": column(
            lambda o: SERVICES[o.meter.service_code].product_name,
            [SERVICES[code].product_name for code in fee_code],
        ),
        "service_category": column(
            lambda o: SERVICES[o.meter.service_code].category,
            [SERVICES[code].category for code in fee_code],
        ),
        "service_subcategory": column(
            lambda o: SERVICES[o.meter.service_code].subcategory,
            [SERVICES[code].subcategory for code in fee_code],
        ),
        "usage_type": text_column(
            "offer",
            [
                *(offer.usage_type for offer in offers),
                plan_.usage_type,
                support.usage_type,
                *(offer.usage_type.replace("BoxUsage", "SpotUsage") for offer in offers),
            ],
        ),
        "operation": column(lambda o: o.meter.operation, blank),
        "product_family": column(lambda o: o.meter.product_family, blank),
        "region": column(lambda o: o.region_id, ["global", "global"]),
        "focus_region": column(lambda o: o.region_id, blank),
        "location": column(lambda o: o.region_name, ["Any", "Any"]),
        "focus_location": column(lambda o: o.region_name, blank),
        "sku": column(lambda o: o.sku, blank),
        "pricing_unit": column(lambda o: o.pricing_unit, ["", "Dollar"]),
        "instance_type": column(_instance_type, blank),
    }


def _instance_type(offer: Offer) -> str:
    if offer.meter.rhythm != Rhythm.INSTANCE:
        return ""
    return offer.meter.usage_type.rpartition(":")[2]


def _lease_arns(plan: BillPlan, accounts: Sequence[str]) -> Iterable[str]:
    leases = plan.reservations
    for number, (offer, account) in enumerate(zip(leases.offer, leases.account, strict=True)):
        sold = plan.prices.offers[offer]
        service = {"AmazonRDS": "rds", "AmazonElastiCache": "elasticache", "AmazonES": "es"}.get(
            sold.meter.service_code, "ec2"
        )
        yield (
            f"arn:aws:{service}:{sold.region_id}:{accounts[account]}:reserved-instances/"
            f"{_hash(plan.settings.seed, 3, number):016x}"
        )


def _plan_arns(plan: BillPlan, accounts: Sequence[str]) -> Iterable[str]:
    for number, account in enumerate(plan.savings_plans.account.tolist()):
        yield (
            f"arn:aws:savingsplans::{accounts[account]}:savingsplan/"
            f"{_hash(plan.settings.seed, 4, number):016x}"
        )


def _hash(*numbers: int) -> int:
    return int(np.random.default_rng(numbers).integers(0, 2**63))


def _resource_ids(plan: BillPlan, accounts: Sequence[str]) -> list[str]:
    """Return the resource of each stream, a plain id or an ARN, and "" for fees."""
    count = len(plan.streams.offer)
    numbers = np.random.default_rng([plan.settings.seed, 5]).integers(0, 2**62, count)
    heads = {}
    for place, offer in enumerate(plan.prices.offers):
        prefix = offer.meter.resource
        for number, account in enumerate(accounts):
            heads[place, number] = prefix if prefix.endswith(("-0", "-")) else (
                f"arn:aws:{offer.meter.service_code.lower().removeprefix('amazon')}:"
                f"{offer.region_id}:{account}:{prefix}"
            )  # fmt: skip
    used = zip(
        plan.streams.offer.tolist(), plan.streams.account.tolist(), numbers.tolist(), strict=True
    )
    ids = [f"{heads[offer, account]}{number:016x}" for offer, account, number in used]
    return [*ids, ""]


def _line_ids(plan: BillPlan, count: int) -> list[str]:
    numbers = np.random.default_rng([plan.settings.seed, 6]).integers(0, 2**62, (count, 3))
    return [f"{a:016x}{b:016x}{c:016x}" for a, b, c in numbers.tolist()]


class RowKeys(NamedTuple):
    """The keys of a chunk's rows, each (n,)."""

    offer: Ints
    account: Ints
    kind: Ints
    lease: Ints  # 0 none
    plan: Ints  # 0 none
    rate: Ints
    place: Ints  # offer and zone
    team: Ints  # 0 untagged
    environment: Ints  # 0 untagged


def row_keys(lines: Lines, chunk: Chunk) -> RowKeys:
    """Look up the keys of a chunk's rows."""
    line = chunk.line
    kind, offer = lines.kind[line].astype(np.int32), lines.offer[line]
    commitment = lines.commitment[line] + 1
    in_kinds = np.zeros((2, len(LineKind)), dtype=np.int32)
    in_kinds[0, list(RESERVED_KINDS)] = 1
    in_kinds[1, list(PLAN_KINDS)] = 1
    return RowKeys(
        offer,
        lines.account[line],
        kind,
        commitment * in_kinds[0, kind],
        commitment * in_kinds[1, kind],
        chunk.rate_row,
        offer * (len(ZONES) + 1) + lines.zone[line] + 1,
        lines.team[line] + 1,
        lines.environment[line] + 1,
    )


def as_texts(column: TextColumn, numbers: Ints) -> pa.DictionaryArray:
    """Return the texts of some numbers of the column's key."""
    return from_codes(column.code[numbers], column.values)


def from_codes(codes: npt.NDArray[np.integer], values: Any) -> pa.DictionaryArray:
    """Return texts by their places in ``values``."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32, copy=False)), values)
