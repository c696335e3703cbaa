"""The public verbs on architectures: read what is named, then estimate, compare or explain it.

A source is a path (spec, Terraform folder, plan or state JSON, CloudFormation template), several
paths, a spec as a mapping (parsed JSON), or an ``ArchitectureSpec`` made by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from costmodel.catalog.catalog import PriceCatalog
from costmodel.compare import Comparison, compare_estimates
from costmodel.estimate.estimate import Pooling, estimate_spec
from costmodel.estimate.explain import Explanation, explain_resource
from costmodel.estimate.free_tier import FreeTier
from costmodel.estimate.result import Estimate
from costmodel.io.catalog_store import load_catalog
from costmodel.io.iac.documents import parse_document, read_text
from costmodel.io.iac.reader import read_document, read_spec
from costmodel.usage.scenario import Scenario, apply_scenario, parse_scenario
from costmodel.usage.spec import ArchitectureSpec, Resource

Source = str | Path | ArchitectureSpec | Mapping[str, Any] | Sequence[str | Path]


def estimate(
    source: Source,
    catalog: PriceCatalog | None = None,
    *,
    usage: str | Path | None = None,
    region: str | None = None,
    pool_tiers: Pooling = "account",
    as_of: date | None = None,
    scenario: str | Path | Scenario | None = None,
    free_tier: FreeTier = "none",
) -> Estimate:
    """Return what an architecture costs a month.

    Args:
        source: path, paths or spec, the latter also as the mapping a spec file holds.
        catalog: prices; the embedded catalog by default.
        usage: usage file for what the source does not say.
        region: region of resources that name none.
        pool_tiers: ``account`` fills one tier ladder with all resources, as AWS does.
        as_of: prices published after this date are reported as issues.
        scenario: another region, other inputs, a discount; a YAML file or a ``Scenario``.
        free_tier: ``always`` or ``first-year`` subtracts the account's free allowances once.

    Raises:
        BadInputError: a file cannot be understood; the message says where and what to do.
    """
    prices = catalog or load_catalog()
    changes = scenario if isinstance(scenario, Scenario) else _read_scenario(scenario)
    spec = read_source(source, prices, usage=usage, region=region)
    spec = apply_scenario(spec, changes, prices.sheets.known_inputs)
    return estimate_spec(
        spec,
        prices,
        pool_tiers=pool_tiers,
        as_of=as_of,
        free_tier=free_tier,
        discount_percent=changes.discount_percent,
    )


def _read_scenario(path: str | Path | None) -> Scenario:
    if path is None:
        return Scenario()
    return parse_scenario(parse_document(read_text(Path(path)), str(path)), str(path))


def diff(
    before: Source,
    after: Source,
    catalog: PriceCatalog | None = None,
    *,
    usage: str | Path | None = None,
    region: str | None = None,
) -> Comparison:
    """Return what changing one architecture into another costs a month.

    Arguments as for ``estimate``.
    """
    prices = catalog or load_catalog()
    return compare_estimates(
        estimate(before, prices, usage=usage, region=region),
        estimate(after, prices, usage=usage, region=region),
    )


def explain(
    source: Source,
    address: str,
    catalog: PriceCatalog | None = None,
    *,
    usage: str | Path | None = None,
    region: str | None = None,
) -> Explanation:
    """Return how every line of one resource came about: formula, values, SKU, tiers, source.

    Args:
        source: as for ``estimate``.
        address: address of the resource.
        catalog: as for ``estimate``.
        usage: as for ``estimate``.
        region: as for ``estimate``.

    Raises:
        BadInputError: no resource has this address.
    """
    return explain_resource(estimate(source, catalog, usage=usage, region=region), address)


def read_source(
    source: Source,
    catalog: PriceCatalog,
    *,
    usage: str | Path | None = None,
    region: str | None = None,
) -> ArchitectureSpec:
    """Return a source as one spec; resources of several paths are told apart by their path."""
    if isinstance(source, ArchitectureSpec):
        return replace(source, region=source.region or region)
    known = catalog.sheets.known_inputs
    if isinstance(source, Mapping):
        return read_document(source, region=region, usage=usage, known_inputs=known)
    paths = [source] if isinstance(source, str | Path) else list(source)
    knows = catalog.sheets.knows
    specs = [
        read_spec(p, region=region, usage=usage, known_inputs=known, knows_type=knows)
        for p in paths
    ]
    if len(specs) == 1:
        return specs[0]
    resources: list[Resource] = []
    for path, spec in zip(paths, specs, strict=True):
        taken = {resource.address for resource in resources}
        for resource in spec.resources:
            clash = resource.address in taken
            address = f"{Path(path).stem}:{resource.address}" if clash else resource.address
            resources.append(
                replace(resource, address=address, region=resource.region or spec.region)
            )
    issues = [issue for spec in specs for issue in spec.issues]
    return ArchitectureSpec(resources, region=region, issues=issues)
