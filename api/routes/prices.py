"""``/v1/prices``: look up prices by service, region and usage type, or by rate code."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import Path, Query, Request
from fastapi.responses import Response

from api.access import v1_router
from api.answers import answer, decode_cursor, encode_cursor, finite
from api.problems import Problem, not_found
from api.schemas.prices import CatalogInfo, PricePage
from api.schemas.shared import Cursor, Limit
from api.state import State, state_of
from costmodel.report.catalog import price_table
from costmodel.report.table import to_json_rows

router = v1_router("prices")

Text = Annotated[str | None, Query(max_length=200)]


@router.get("", response_model=PricePage)
async def find_prices(
    request: Request,
    service: Annotated[str, Query(max_length=80, examples=["AmazonS3"])],
    region: Text = None,
    usage_type: Annotated[str, Query(max_length=200, description="* and ? are allowed.")] = "*",
    operation: Text = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return every tier of every matching SKU."""
    state = state_of(request)
    start = _offset(cursor)
    rows = await to_thread.run_sync(look_up, state, service, region, usage_type, operation)
    part = rows.slice(start, limit)
    more = start + limit < rows.num_rows
    return answer(
        {
            "items": finite(to_json_rows(price_table(part))),
            "next_cursor": encode_cursor(str(start + limit)) if more else None,
            "catalog_version": state.catalog.version,
            "published": state.catalog.published,
        }
    )


def look_up(
    state: State, service: str, region: str | None, usage_type: str, operation: str | None
) -> Any:
    """Return matching rates as a pyarrow table."""
    if any(not text.isprintable() for text in (service, region or "", usage_type)):
        raise Problem(422, "invalid", "query: control characters match nothing", path="query")
    return state.catalog.find_prices(
        service, region_id=region or None, usage_type=usage_type, operation=operation or None
    )


def _offset(cursor: str | None) -> int:
    text = decode_cursor(cursor)
    if text is None:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise Problem(
            422, "invalid", "query.cursor: not a cursor of this list", path="query.cursor"
        )
    return int(text)


@router.get("/catalog", response_model=CatalogInfo)
async def read_catalog(request: Request) -> Response:
    """Say which prices the catalog holds and from when."""
    catalog = state_of(request).catalog
    return answer(
        {
            "version": catalog.version,
            "published": catalog.published,
            "currency": catalog.currency,
            "services": sorted(catalog.services),
            "regions": sorted(catalog.regions),
        }
    )


@router.get("/rate-codes/{rate_code}", response_model=PricePage)
async def read_rate_code(
    request: Request, rate_code: Annotated[str, Path(max_length=200)]
) -> Response:
    """Return the price of one rate code (SkuPriceId, pricing/RateCode of a bill)."""
    state = state_of(request)
    rows = await to_thread.run_sync(state.catalog.match_rate_codes, [rate_code])
    if rows.skus.num_rows == 0 or rows.sku[0] < 0:
        raise not_found("rate code", rate_code)
    found = rows.skus.slice(int(rows.sku[0]), 1)
    return answer(
        {
            "items": finite(to_json_rows(price_table(found))),
            "next_cursor": None,
            "catalog_version": state.catalog.version,
            "published": state.catalog.published,
        }
    )
