"""Spec × sheets → usage table, one resource after another, equal ones once.

A kind's meters give rows; its children (a root volume, the instances of a group) become resources
of another kind and are expanded in turn.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, NamedTuple

from costmodel.catalog.library import SheetLibrary
from costmodel.errors import Issue
from costmodel.recent import Recent
from costmodel.usage.inputs import refuse_plain_blocks
from costmodel.usage.parts import Part, Run, Scope, parts_below
from costmodel.usage.plan import KindPlan, PlannedMeter, Position, Tables, plan_kind
from costmodel.usage.references import References, index_references
from costmodel.usage.rows import meter_line
from costmodel.usage.shape import ShapeReader, shape_reader
from costmodel.usage.spec import Resource
from costmodel.usage.table import UsageLine, UsageTable, usage_table

_SHAPES: Final = 4096
_LINES: Final = 16384


class _Expanded(NamedTuple):
    """The rows and issues of one resource, each at its position."""

    lines: tuple[tuple[Position, UsageLine], ...]
    issues: tuple[tuple[Position, Issue], ...]


class Expander:
    """Expands resources by the sheets of one catalog; plans and shapes are kept."""

    def __init__(self, library: SheetLibrary, tables: Tables) -> None:
        """Keep what is needed; nothing is parsed yet.

        Args:
            library: Terraform type → kind.
            tables: look-up tables every sheet may read (hardware, region prefixes).
        """
        self._library, self._tables = library, tables
        self._plans: dict[str, tuple[KindPlan, ShapeReader]] = {}
        self._shapes: Recent[Any, _Expanded] = Recent(_SHAPES)
        self._lines: Recent[Any, tuple[UsageLine | None]] = Recent(_LINES)

    def expand(
        self, resources: Sequence[Resource], regions: Sequence[str | None], as_of: date
    ) -> tuple[UsageTable, list[Issue]]:
        """Return the usage of resources in a month, and what could not be understood.

        Args:
            resources: resources of the spec; those of a kind without a sheet give no rows.
            regions: region of each resource.
            as_of: the month to price; formulas read it as the number YYYYMMDD.
        """
        references = index_references(resources)
        day = float(as_of.strftime("%Y%m%d"))
        by_type: dict[str, list[int]] = {}
        for number, resource in enumerate(resources):
            by_type.setdefault(resource.type, []).append(number)
        rows: list[tuple[int, UsageLine]] = []
        issues: list[Issue] = []
        for kind, numbers in by_type.items():
            if not self._is_expanded(kind):
                continue
            lines_at: dict[Position, list[tuple[int, UsageLine]]] = {}
            issues_at: dict[Position, list[Issue]] = {}
            for number in numbers:
                found = self._expand_one(resources[number], regions[number], references, day)
                for position, line in found.lines:
                    lines_at.setdefault(position, []).append((number, line))
                for position, issue in found.issues:
                    issues_at.setdefault(position, []).append(issue)
            rows += [row for position in sorted(lines_at) for row in lines_at[position]]
            issues += [issue for position in sorted(issues_at) for issue in issues_at[position]]
        return usage_table(rows), list(dict.fromkeys(issues))

    def _is_expanded(self, resource_type: str) -> bool:
        kind = self._library.get_kind(resource_type)
        return kind is not None and not kind.sheet.hidden

    def _plan(self, resource_type: str) -> tuple[KindPlan, ShapeReader]:
        if resource_type not in self._plans:
            kind = self._library[resource_type]
            self._plans[resource_type] = (
                plan_kind(kind, self._library, self._tables),
                shape_reader(kind, self._library),
            )
        return self._plans[resource_type]

    def _expand_one(
        self, resource: Resource, region: str | None, references: References, day: float
    ) -> _Expanded:
        plan, reader = self._plan(resource.type)
        shape = reader.read(resource, region, references)
        if shape is None:
            return self._work_out(plan, resource, region, Run(references, day))
        known = self._shapes.get((day, shape))
        if known is None:
            known = self._work_out(plan, resource, region, Run(references, day))
            self._shapes.put((day, shape), known)
        return _at_address(known, resource.address) if known.issues else known

    def _work_out(
        self, plan: KindPlan, resource: Resource, region: str | None, run: Run
    ) -> _Expanded:
        self._expand_parts(run, plan, [Part(resource, region, (), resource.count, set())])
        return _Expanded(tuple(run.lines), tuple(run.issues))

    def _expand_parts(self, run: Run, plan: KindPlan, parts: Sequence[Part]) -> None:
        scopes = [self._scope(run, plan, part) for part in parts]
        for planned in plan.meters:
            for part, scope in zip(parts, scopes, strict=True):
                line = self._line(run, planned, part, scope, plan.tables)
                if line is not None:
                    run.lines.append((planned.position, line))
        for place, planned_child in enumerate(plan.children):
            inner = [
                below
                for part, scope in zip(parts, scopes, strict=True)
                for below in parts_below(run, plan, planned_child, part, scope)
            ]
            if inner:
                self._expand_parts(run, plan.below(place, self._library, self._tables), inner)

    def _line(
        self, run: Run, planned: PlannedMeter, part: Part, scope: Scope, tables: Tables
    ) -> UsageLine | None:
        """Return a meter's row; the same row as before where all it reads is as before."""
        values = planned.values(scope)
        key = (planned, part.region, part.count, part.path, values)
        is_plain = not (part.refused or part.resource.unknown)
        known = self._lines.get(key) if is_plain else None
        if known is None:
            said = len(run.issues)
            known = (meter_line(run, planned, part, scope, tables),)
            if is_plain and len(run.issues) == said:
                self._lines.put(key, known)
        return known[0]

    def _scope(self, run: Run, plan: KindPlan, part: Part) -> Scope:
        """Return what a kind's formulas may read of one part."""
        scope: Scope = {}
        issues: list[Issue] = []
        part.refused.update(refuse_plain_blocks(plan.kind.sheet, part.resource, issues))
        run.issues += [(plan.position, _placed(issue, part)) for issue in issues]
        for name, reader, position in plan.inputs:
            if reader.is_absent(part.resource):
                scope[name] = reader.default
                continue
            issues = []
            scope[name], is_refused = reader.read(part.resource, run.references, issues)
            if is_refused:
                part.refused.add(name)
            run.issues += [(position, _placed(issue, part)) for issue in issues]
        scope["region"] = part.region
        scope["as_of"] = run.as_of
        scope["region_prefix"] = self._tables["region_prefix"].get(part.region or "")
        return scope


def _placed(issue: Issue, part: Part) -> Issue:
    """Name the block a value stands in: the type of a volume may be that of a root device."""
    return replace(issue, message=" / ".join([*part.path, issue.message]))


def _at_address(expanded: _Expanded, address: str) -> _Expanded:
    """Return the same for another resource of that shape: its issues are all its own."""
    issues = tuple((place, replace(issue, address=address)) for place, issue in expanded.issues)
    return expanded._replace(issues=issues)
