"""What one step of the expansion works on: resources of one kind, and what all steps share."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from costmodel.catalog.library import Kind
from costmodel.engine.formula.functions import Array
from costmodel.errors import Issue
from costmodel.usage.references import References
from costmodel.usage.spec import Resource
from costmodel.usage.table import UsageTable

Tables = MutableMapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Resources of one kind: b rows, each part of a resource of the spec.

    Attributes:
        root: number of the resource of the spec.
        path: nested blocks around the row.
        resources: what is priced.
        regions: where.
        counts: how many.
        refused: inputs whose value, or the value they are made of, is not valid.
    """

    root: list[int]
    path: list[tuple[str, ...]]
    resources: list[Resource]
    regions: list[str | None]
    counts: list[float]
    refused: list[set[str]]


@dataclass
class Expansion:
    """What all batches share."""

    kinds: Mapping[str, Kind]
    tables: Tables
    references: References
    as_of: float
    issues: list[Issue]
    parts: list[UsageTable]


def placed(issues: Sequence[Issue], batch: Batch) -> list[Issue]:
    """Say in which block a value stands: the type of a volume may be that of a root device."""
    paths: dict[str, tuple[str, ...]] = {}
    for resource, path in zip(batch.resources, batch.path, strict=True):
        paths.setdefault(resource.address, path)
    return [
        replace(issue, message=" / ".join([*paths[issue.address], issue.message]))
        for issue in issues
    ]


def text_array(values: Sequence[Any]) -> Array:
    """Return values as an object array (n,), tuples as one value each."""
    result = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        result[place] = value
    return result
