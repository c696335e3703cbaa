"""AWS's public bulk price list: offer files (JSON) → rate rows in the catalog's schema.

An offer file holds ``products`` (SKU → attributes) and ``terms`` (OnDemand, Reserved: SKU → offer
terms → price dimensions, each with its rate code). Format: AWS Billing user guide, "Reading the
service price list files". Several SKUs of one key are kept apart by ``x_Variant`` = the SKU.
"""

import gzip
import json
import math
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from costmodel.catalog.tables import (
    GLOBAL_REGION,
    PRICING_CATEGORY,
    RATE_COLUMNS,
    RATE_NUMBERS,
    RATE_ORDER,
)
from costmodel.catalog.usage_type import strip_prefixes
from costmodel.errors import BadInputError

PRICE_LIST_URL = "https://pricing.us-east-1.amazonaws.com"

# Offer term of free allowances that count over all regions.
_GLOBAL_FREE_TIER_TERM = "A429C66SYZ"
_TIMEOUT_S = 60.0


def read_offer(path: Path, prefixes: Mapping[str, str]) -> pa.Table:
    """Return the rate rows of one offer file (.json or .json.gz) in catalog order.

    Args:
        path: the offer file.
        prefixes: usage-type prefixes, from ``usage_type_prefixes``.

    Raises:
        BadInputError: the file is not an offer file.
    """
    offer = _read_json(path)
    if not isinstance(offer.get("products"), dict) or not isinstance(offer.get("terms"), dict):
        raise BadInputError(f"{path}: no products and terms; give an AWS offer file (index.json)")
    rows = list(_rate_rows(offer, path))
    if not rows:
        raise BadInputError(f"{path}: the offer file holds no price in USD")
    usage = strip_prefixes([row["x_UsageType"] for row in rows], prefixes, offer["offerCode"])[1]
    for row, base in zip(rows, usage, strict=True):
        row["x_UsageType"] = base
    _tell_skus_apart(rows)
    schema = pa.schema(
        [(name, pa.float64() if name in RATE_NUMBERS else pa.string()) for name in RATE_COLUMNS]
    )
    table = pa.Table.from_pylist(rows, schema)
    return table.sort_by([(name, "ascending") for name in RATE_ORDER])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix == ".gz" else data
        offer = json.loads(text)
    except (OSError, EOFError, ValueError) as error:
        raise BadInputError(f"{path}: cannot be read as an offer file ({error})") from error
    if not isinstance(offer, dict) or "offerCode" not in offer:
        raise BadInputError(f"{path}: no offerCode; give an AWS offer file (index.json)")
    return offer


def _rate_rows(offer: Mapping[str, Any], path: Path) -> Iterator[dict[str, Any]]:
    published = str(offer.get("publicationDate", ""))[:10]
    for term_type, skus in offer["terms"].items():
        for sku, terms in skus.items():
            product = offer["products"].get(sku)
            if product is None:
                raise BadInputError(f"{path}: term of SKU {sku}, which is not among the products")
            for term in terms.values():
                yield from _term_rows(product, term_type, term, offer["offerCode"], published)


def _term_rows(
    product: Mapping[str, Any],
    term_type: str,
    term: Mapping[str, Any],
    offer_code: str,
    published: str,
) -> Iterator[dict[str, Any]]:
    attributes, lease = product.get("attributes", {}), term.get("termAttributes", {})
    free = term.get("offerTermCode") == _GLOBAL_FREE_TIER_TERM
    for dimension in term.get("priceDimensions", {}).values():
        price = dimension.get("pricePerUnit", {}).get("USD")
        if price is None:
            continue
        kind = "FreeTier" if free else term_type
        yield {
            "x_ServiceCode": offer_code,
            "RegionId": attributes.get("regionCode") or GLOBAL_REGION,
            "x_UsageType": attributes.get("usagetype", ""),
            "x_Operation": attributes.get("operation", ""),
            "x_ProductFamily": product.get("productFamily", ""),
            "x_SkuDescription": dimension.get("description", ""),
            "PricingUnit": _unit(dimension.get("unit", "")),
            "x_TermType": kind,
            "PricingCategory": PRICING_CATEGORY[kind],
            "LeaseContractLength": lease.get("LeaseContractLength", ""),
            "PurchaseOption": lease.get("PurchaseOption", ""),
            "OfferingClass": lease.get("OfferingClass", ""),
            "BeginRange": _bound(dimension.get("beginRange", "0")),
            "EndRange": _bound(dimension.get("endRange", "Inf")),
            "ListUnitPrice": float(price),
            "SkuPriceId": dimension.get("rateCode", ""),
            "x_Variant": "",
            "x_Basis": "published",
            "x_NameBasis": "sku",
            "x_Published": published,
        }


def _unit(unit: str) -> str:
    """Return the unit; AWS calls the unit of an upfront fee Quantity."""
    return "Upfront fee" if unit == "Quantity" else unit


def _bound(text: str) -> float:
    return math.inf if text == "Inf" else float(text)


def _tell_skus_apart(rows: list[dict[str, Any]]) -> None:
    key = (
        "RegionId", "x_UsageType", "x_Operation", "x_TermType", "LeaseContractLength",
        "PurchaseOption", "OfferingClass",
    )  # fmt: skip
    skus = defaultdict(set)
    for row in rows:
        skus[tuple(row[name] for name in key)].add(row["SkuPriceId"].split(".")[0])
    for row in rows:
        if len(skus[tuple(row[name] for name in key)]) > 1:
            row["x_Variant"] = row["SkuPriceId"].split(".")[0]


def fetch_offer(
    service_code: str, region_id: str, folder: Path, *, base_url: str = PRICE_LIST_URL
) -> Path:
    """Download the current offer file of a service in a region; return where it is.

    Raises:
        BadInputError: AWS has no such offer, or cannot be reached.
    """
    url = f"{base_url}/offers/v1.0/aws/{service_code}/current/{region_id}/index.json"
    target = folder / f"{service_code}-{region_id}.json"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - fixed scheme
            target.write_bytes(answer.read())
    except (urllib.error.URLError, TimeoutError) as error:
        raise BadInputError(f"{url}: cannot be fetched ({error})") from error
    return target
