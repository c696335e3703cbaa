"""Usage types without their region prefix, for arrays of usage types.

AWS puts a code of the region before most usage types (``USW2-BoxUsage:m5.large``), none in
us-east-1 for most services, ``EU-`` in eu-west-1, and the spelled-out region for KMS; local and
wavelength zones follow their region (``USW2-LAX1-BoxUsage:t3.medium``). Traffic between regions
carries both regions (``USE1-EUC1-AWS-Out-Bytes``): the first pays, the second stays in the base
(``EUC1-AWS-Out-Bytes``). CloudFront's prefixes are edge geographies (``EU-`` is Europe, not
Ireland) and stay.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Texts = npt.NDArray[np.object_]

# Services whose prefixes name edge geographies.
_EDGE_SERVICES = frozenset({"AmazonCloudFront"})

# CloudFront's usage types of regional edge caches do carry a region.
_REGIONAL_AT_THE_EDGE = frozenset({"Requests-OriginShield"})

# Second spellings: us-east-1 is bare in old services, eu-west-1 is EU in old services.
_SECOND_SPELLING = {"USE1": "us-east-1", "EUW1": "eu-west-1"}

# The longest prefix is a spelled-out region of four words: us-gov-west-1.
_LONGEST_PREFIX = 4


def usage_type_prefixes(regions: Mapping[str, str], zones: Iterable[str] = ()) -> dict[str, str]:
    """Return every prefix a usage type may carry, and the region or zone it names.

    Args:
        regions: region → its usage-type prefix (``us-east-1`` → "", ``eu-west-1`` → "EU").
        zones: local and wavelength zones (``us-west-2-lax-1``, ``us-east-1-wl1-atl1``).
    """
    named = {prefix: region for region, prefix in regions.items() if prefix}
    named |= _SECOND_SPELLING | {region: region for region in regions}
    return named | {
        f"{prefix}-{site}": zone for zone in zones for prefix, site in _zone_prefixes(zone, named)
    }


def _zone_prefixes(zone: str, named: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    parent = next((region for region in named.values() if zone.startswith(region + "-")), "")
    words = [word.upper() for word in zone[len(parent) + 1 :].split("-")]
    for prefix, region in named.items():
        if region == parent and prefix != parent:
            yield prefix, "".join(words)
            if words[0].startswith("WL"):
                yield prefix, "-".join(words)


def strip_prefixes(
    usage_types: Any, prefixes: Mapping[str, str], service_code: str = ""
) -> tuple[Texts, Texts]:
    """Return the region each usage type names, and the usage type without it.

    Args:
        usage_types: (n,) usage types as billed; each distinct one is parsed once.
        prefixes: from ``usage_type_prefixes``.
        service_code: CloudFront's prefixes are geographies and stay.

    Returns:
        (n,) RegionId or None where the usage type names none, and (n,) usage type without prefix.
    """
    values = np.asarray(usage_types, dtype=object)
    strip = _strip_edge if service_code in _EDGE_SERVICES else _strip_one
    parsed = {text: strip(text, prefixes) for text in set(values.tolist())}
    regions, bases = np.empty((2, len(values)), dtype=object)
    for row, text in enumerate(values.tolist()):
        regions[row], bases[row] = parsed[text]
    return regions, bases


def _strip_edge(usage_type: str, prefixes: Mapping[str, str]) -> tuple[str | None, str]:
    """Strip a region off what CloudFront sells in regional caches; geographies stay."""
    region, base = _strip_one(usage_type, prefixes)
    return (region, base) if base in _REGIONAL_AT_THE_EDGE else (None, usage_type)


def _strip_one(usage_type: str, prefixes: Mapping[str, str]) -> tuple[str | None, str]:
    words = usage_type.split("-", _LONGEST_PREFIX)
    for count in range(len(words) - 1, 0, -1):
        region = prefixes.get("-".join(words[:count]))
        if region is not None:
            return region, "-".join(words[count:])
    return None, usage_type
