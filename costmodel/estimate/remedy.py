"""What to do about a key without a price: another operation, another region, the nearest name."""

from collections import defaultdict
from difflib import get_close_matches
from typing import Final

from costmodel.catalog.catalog import PriceCatalog
from costmodel.catalog.tables import GLOBAL_REGION

# AWS sells nearly everything in this region.
_WIDEST_REGION: Final = "us-east-1"
# Names are compared with thousands of others: enough for a reader, quick on a large plan.
_MOST_COMPARISONS: Final = 20
_ALIKE: Final = 0.75


class Remedies:
    """Says per key what is nearest to it in the catalog; each service is looked at once."""

    def __init__(self, catalog: PriceCatalog) -> None:
        self._catalog = catalog
        self._operations: dict[tuple[str, str], dict[str, set[str]]] = {}
        self._said: dict[tuple[str, str, str, str], str] = {}

    def say(self, service_code: str, region_id: str, usage_type: str, operation: str) -> str:
        """Return the remedy for a key without a price, beginning with "; ", or an empty text."""
        key = (service_code, region_id, usage_type, operation)
        if key not in self._said:
            self._said[key] = self._find(*key) if len(self._said) < _MOST_COMPARISONS else ""
        return self._said[key]

    def _find(self, service_code: str, region_id: str, usage_type: str, operation: str) -> str:
        catalog = self._catalog
        known = region_id in catalog.regions or region_id in catalog.zones
        if not known:
            return ""
        if service_code not in catalog.services:
            return "; the catalog has no prices of this service"
        here = self._sold(service_code, region_id)
        if usage_type in here and operation:
            sold = ", ".join(sorted(here[usage_type])[:6])
            return f"; sold there with another operating system, engine or licence ({sold})"
        if usage_type in self._sold(service_code, _WIDEST_REGION):
            return (
                f"; {_WIDEST_REGION} has it: AWS does not offer it in {region_id}, or the catalog "
                "lacks its price"
            )
        folded = {name.casefold(): name for name in sorted(here)}
        near = get_close_matches(usage_type.casefold(), folded, 1, _ALIKE)
        return f"; nearest there: {folded[near[0]]}" if near else ""

    def choices(self, service_code: str, region_id: str, usage_type: str, operation: str) -> str:
        """Return the prices a key may have, beginning with ": ", or an empty text."""
        rows = self._catalog.rates(service_code, [region_id, GLOBAL_REGION])
        names = ("x_TermType", "x_UsageType", "x_Operation", "ListUnitPrice")
        columns = (rows[name].to_pylist() for name in names)
        found = {
            price
            for term, name, code, price in zip(*columns, strict=True)
            if term == "OnDemand" and name == usage_type and operation in ("", code)
        }
        return f": {' or '.join(f'{price:g}' for price in sorted(found))}" if found else ""

    def _sold(self, service_code: str, region_id: str) -> dict[str, set[str]]:
        """Return usage type → operations of what a service sells on demand in a region."""
        place = (service_code, region_id)
        if place not in self._operations:
            rows = self._catalog.rates(service_code, [region_id, GLOBAL_REGION])
            sold: dict[str, set[str]] = defaultdict(set)
            names = (rows[name].to_pylist() for name in ("x_TermType", "x_UsageType"))
            operations = rows["x_Operation"].to_pylist()
            for term, usage_type, operation in zip(*names, operations, strict=True):
                if term == "OnDemand" and usage_type:
                    sold[usage_type].add(operation)
            self._operations[place] = sold
        return self._operations[place]
