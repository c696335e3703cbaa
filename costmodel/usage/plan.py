"""Kinds of resources made ready to expand: their inputs' readers, formulas and tables, once.

A plan stands at one place of the tree a kind spans with its children (an instance's root volume).
Every input, meter and field of the tree has a position, the same for all resources of the kind:
rows and issues are put in the order of their positions, whatever order they were found in.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple

from costmodel.catalog.library import Kind
from costmodel.catalog.sheet import Child, Meter, ResourceSheet
from costmodel.engine.formula import Formula, Template, compile_template
from costmodel.engine.formula.scalar import Value
from costmodel.usage.inputs import InputReader, input_reader

Position = tuple[int, ...]
Tables = Mapping[str, Mapping[str, Any]]

# A group holds instances, an instance volumes: three levels; more is a loop of sheets.
_DEEPEST: Final = 6
_NO_MODEL: Final = compile_template("OnDemand")
_NOTHING: Final = compile_template("")


class SheetTables(dict[str, Mapping[str, Any]]):
    """The tables of one sheet, and behind them those every sheet may read."""

    def __init__(self, own: Tables, shared: Tables) -> None:
        super().__init__(own)
        self._shared = shared

    def __missing__(self, name: str) -> Mapping[str, Any]:
        table = self[name] = self._shared[name]
        return table


class PlannedInput(NamedTuple):
    """An input or a child's field: its name in formulas, its reader and its position."""

    name: str
    reader: InputReader
    position: Position


@dataclass(frozen=True, slots=True, eq=False)  # one at each place: itself a key of its rows
class PlannedMeter:
    """A meter with what its formulas read, by what they decide."""

    meter: Meter
    position: Position
    names: tuple[str, ...]  # all names its formulas read
    values: Callable[[Mapping[str, Any]], Any]  # their values in a scope, hashable
    purchase: tuple[Value, ...]  # model, lease, option, offering class, plan type
    usage_names: tuple[str, ...]  # usage the quantity is made of
    key_names: frozenset[str]  # names that decide which price a row has
    quantity_names: frozenset[str]  # names that decide how much it is, and whether
    open_paths: tuple[tuple[str, str], ...]  # attributes without a default it reads, with paths
    short_name: str  # the name up to its first formula: "Instance usage"


@dataclass(slots=True)
class PlannedChild:
    """A child with the readers of its fields; the plan of its kind is made when one is met."""

    child: Child
    position: Position
    fields: tuple[PlannedInput, ...]
    block_steps: tuple[str, ...]
    count_names: frozenset[str]  # names that decide how many there are, and whether
    passed: frozenset[str]  # its kind's inputs that stand in what is handed over as it is
    plan: "KindPlan | None" = None


@dataclass(frozen=True, slots=True)
class KindPlan:
    """One kind at one place of a tree.

    Attributes:
        kind: the kind.
        position: the place.
        tables: what its formulas look up.
        inputs, meters, children: those of its sheet, in order.
    """

    kind: Kind
    position: Position
    tables: SheetTables
    inputs: tuple[PlannedInput, ...]
    meters: tuple[PlannedMeter, ...]
    children: tuple[PlannedChild, ...]

    def below(self, place: int, library: Mapping[str, Kind], shared: Tables) -> "KindPlan":
        """Return the plan of a child's kind at its place in the tree.

        Raises:
            RecursionError: the sheets lead on without end.
        """
        planned = self.children[place]
        if planned.plan is None:
            kind = library[planned.child.resource]
            position = (*self.position, _CHILDREN, place, 1)
            if len(position) > 3 * _DEEPEST:
                raise RecursionError(
                    f"{kind.service.file}: children of {kind.sheet.type} never end"
                )
            planned.plan = plan_kind(kind, library, shared, position)
        return planned.plan


# What a kind consists of, in order: inputs, meters, children.
_INPUTS, _METERS, _CHILDREN = 0, 1, 2


def plan_kind(
    kind: Kind, library: Mapping[str, Kind], shared: Tables, position: Position = ()
) -> KindPlan:
    """Return a kind ready to expand at one place of a tree.

    Args:
        kind: the kind with its sheet.
        library: all kinds.
        shared: look-up tables every sheet may read.
        position: where it stands; () is the top.
    """
    sheet = kind.sheet
    inputs = tuple(
        PlannedInput(name, input_reader(given), (*position, _INPUTS, number))
        for number, (name, given) in enumerate(sheet.inputs.items())
    )
    return KindPlan(
        kind=kind,
        position=position,
        tables=SheetTables(kind.service.tables, shared),
        inputs=inputs,
        meters=tuple(
            _planned_meter(sheet, meter, (*position, _METERS, number))
            for number, meter in enumerate(sheet.meters)
        ),
        children=tuple(
            _planned_child(child, library, (*position, _CHILDREN, number, 0))
            for number, child in enumerate(sheet.children)
        ),
    )


def _planned_meter(sheet: ResourceSheet, meter: Meter, position: Position) -> PlannedMeter:
    purchase = _bought_as(meter)
    key = (meter.usage_type, meter.operation, meter.variant, *purchase)
    names = tuple(sorted(_names_of([*key, meter.name, meter.region, meter.quantity, meter.when])))
    return PlannedMeter(
        meter=meter,
        position=position,
        names=names,
        values=itemgetter(*names) if names else lambda _: (),
        purchase=tuple(template.value for template in purchase),
        usage_names=tuple(
            name
            for name in meter.quantity.names
            if name in sheet.inputs and sheet.inputs[name].usage
        ),
        key_names=_names_of(key),
        quantity_names=_names_of([meter.quantity, meter.when]),
        open_paths=tuple(
            (name, sheet.inputs[name].path)
            for name in sorted(meter.quantity.names | _names_of(key))
            if name in sheet.inputs
            and sheet.inputs[name].default is None
            and not sheet.inputs[name].usage
        ),
        # A name with an unknown part ends before it.
        short_name=meter.name.literals[0].rstrip(" (,/:") or "Usage",
    )


def _names_of(parts: Iterable[Formula | Template | None]) -> frozenset[str]:
    return frozenset[str]().union(*(part.names for part in parts if part is not None))


def _bought_as(meter: Meter) -> tuple[Template, ...]:
    buy = meter.purchase
    if buy is None:
        return (_NO_MODEL, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
    return (buy.model, buy.lease_contract_length, buy.purchase_option, buy.offering_class,
            buy.plan_type)  # fmt: skip


def _planned_child(child: Child, library: Mapping[str, Kind], position: Position) -> PlannedChild:
    fields = tuple(
        PlannedInput(name, input_reader(given), (*position, number))
        for number, (name, given) in enumerate(child.fields.items())
    )
    inputs = library[child.resource].sheet.inputs
    return PlannedChild(
        child=child,
        position=position,
        fields=fields,
        block_steps=tuple(child.block.split(".")) if child.block else (),
        count_names=_names_of([child.when, child.count]),
        passed=frozenset(
            name for name, given in inputs.items() if given.path.partition(".")[0] in child.passes
        ),
    )
