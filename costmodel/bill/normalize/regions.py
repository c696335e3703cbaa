"""The region prefix of a usage type, as SQL: ``USW2-BoxUsage:m5.large`` is us-west-2."""

import re
from collections.abc import Mapping

from costmodel.bill.normalize.raw import Sql, literal

# CloudFront's prefixes name edge geographies and belong to the usage type.
_EDGE_SERVICE = "AmazonCloudFront"


def prefix_sql(usage_type: Sql, prefixes: Mapping[str, str]) -> Sql:
    """Return the prefix of a usage type with its hyphen, or ''.

    Args:
        usage_type: expression of the usage type as billed.
        prefixes: prefix → region or zone, from ``catalog.usage_type.usage_type_prefixes``.
    """
    # The longest prefix wins: USW2-LAX1 before USW2.
    longest_first = sorted(prefixes, key=lambda prefix: (-len(prefix), prefix))
    pattern = f"^((?:{'|'.join(map(re.escape, longest_first))})-)."
    return f"COALESCE(REGEXP_EXTRACT({usage_type}, {literal(pattern)}, 1), '')"


def base_usage_type(usage_type: Sql, service_code: Sql | None, prefixes: Mapping[str, str]) -> Sql:
    """Return the usage type without its region prefix."""
    if not prefixes:
        return usage_type
    base = f"SUBSTR({usage_type}, LENGTH({prefix_sql(usage_type, prefixes)}) + 1)"
    if service_code is None:
        return base
    edge = f"{service_code} = {literal(_EDGE_SERVICE)}"
    return f"CASE WHEN {edge} THEN {usage_type} ELSE {base} END"


def region_of(
    usage_type: Sql, service_code: Sql | None, prefixes: Mapping[str, str]
) -> Sql | None:
    """Return the region the prefix names; NULL where there is none."""
    if not prefixes:
        return None
    # A map, not a CASE: sixty branches would each extract the prefix anew (24 times the time).
    # Every prefix is a key of it, the empty one too: some engines refuse a key that is not there.
    named = sorted(prefixes.items())
    keys = ", ".join(literal(f"{prefix}-") for prefix, _ in named)
    regions = ", ".join(literal(region) for _, region in named)
    lookup = f"MAP(['', {keys}], ['', {regions}])[{prefix_sql(usage_type, prefixes)}]"
    region = f"NULLIF({lookup}, '')"
    if service_code is None:
        return region
    edge = f"{service_code} = {literal(_EDGE_SERVICE)}"
    return f"CASE WHEN {edge} THEN NULL ELSE {region} END"
