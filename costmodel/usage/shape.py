"""What of a resource its usage depends on, so that equal resources are expanded once.

A plan holds thousands of resources of a few shapes, and every request to a service a few more of
the same. A shape is the kind, the region, the count and the values the kind's sheet reads; names
and tags are no part of it. A resource whose usage depends on another one has no shape.
"""

import marshal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from costmodel.catalog.library import Kind, SheetLibrary
from costmodel.catalog.sheet import Input
from costmodel.usage.references import References, reference_count, referred
from costmodel.usage.spec import Resource

# A larger one is met once: remembering it would cost more than it saves.
_LONGEST: Final = 4096
# The last format that does not depend on how often an object is referred to.
_PLAIN_VALUES: Final = 2


@dataclass(frozen=True, slots=True)
class ShapeReader:
    """Reads the shape of resources of one kind.

    Attributes:
        names: attributes and usage keys the kind and its children read, without their paths.
        followed: attributes that may lead to another resource.
        referrers: kinds that count, or are read, where they refer to the resource.
        counted: paths whose references are counted where values are not known.
        has_none: something depends on other resources in a way that cannot be told beforehand.
    """

    names: frozenset[str]
    followed: tuple[str, ...]
    referrers: tuple[str, ...]
    counted: tuple[str, ...]
    has_none: bool

    def read(self, resource: Resource, region: str | None, references: References) -> Any:
        """Return the shape of a resource (hashable), or None where it has none."""
        if self.has_none or self._leads_on(resource, references):
            return None
        names = self.names
        # Bytes are equal only if the plain values are. A dictionary's order may differ, which
        # makes another shape of it and nothing worse.
        try:
            values = marshal.dumps(
                (
                    [item for item in resource.inputs.items() if item[0] in names],
                    [item for item in resource.usage.items() if item[0] in names],
                ),
                _PLAIN_VALUES,
            )
        except ValueError:  # not plain values
            return None
        if len(values) > _LONGEST:
            return None
        counts = tuple(reference_count(resource, path) for path in self.counted)
        return (resource.type, region, resource.count, values, resource.unknown, counts)

    def _leads_on(self, resource: Resource, references: References) -> bool:
        for kind in self.referrers if references.incoming else ():
            if (resource.address, kind) in references.incoming:
                return True
        for attribute in self.followed:
            if referred(resource, attribute, references) is not None:
                return True
        return False


def shape_reader(kind: Kind, library: SheetLibrary) -> ShapeReader:
    """Return the reader of a kind's shapes.

    Args:
        kind: the kind.
        library: all kinds, to find those of its children.
    """
    kinds = list(_tree(kind, library, ()))
    inputs = [given for each in kinds for given in each.sheet.inputs.values()]
    fields = [
        given for each in kinds for child in each.sheet.children for given in child.fields.values()
    ]
    names = {name.partition(".")[0] for name in library.known_inputs[kind.sheet.type]}
    return ShapeReader(
        names=frozenset(names),
        followed=tuple(sorted({name for each in kinds for name in _followed(each)})),
        referrers=tuple(
            sorted({given.referenced_by.partition(".")[0] for given in inputs} - {""})
        ),
        counted=tuple(sorted({given.path for given in inputs if given.counts})),
        has_none=any(map(_looks_elsewhere, fields))
        or any(
            {name.partition(".")[0] for name in _followed(library[child.resource])}
            & {*child.inputs, *child.passes}
            for each in kinds
            for child in each.sheet.children
        ),
    )


def _tree(kind: Kind, library: SheetLibrary, above: tuple[str, ...]) -> Iterator[Kind]:
    """Return a kind and the kinds of all its children."""
    yield kind
    for child in kind.sheet.children:
        if child.resource not in (*above, kind.sheet.type):
            yield from _tree(library[child.resource], library, (*above, kind.sheet.type))


def _followed(kind: Kind) -> Iterator[str]:
    """Return the attributes of a kind that are followed to another resource."""
    for given in kind.sheet.inputs.values():
        yield from (path.partition(".")[0] for path in given.from_reference)
    for child in kind.sheet.children:
        yield from child.reference


def _looks_elsewhere(given: Input) -> bool:
    return bool(given.from_reference or given.referenced_by or given.counts)
