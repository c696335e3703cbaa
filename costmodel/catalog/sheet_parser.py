"""Turn the parsed TOML of a service sheet into a checked ``ServiceSheet``."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from costmodel.catalog.sheet import (
    Alias,
    Child,
    Example,
    Input,
    InputKind,
    Meter,
    Purchase,
    ResourceSheet,
    ServiceSheet,
)
from costmodel.engine.formula import Formula, Template, compile_formula, compile_template
from costmodel.errors import FormulaError, SheetError

_T = TypeVar("_T")
# Names every formula may read besides the inputs.
IMPLIED_NAMES: Final = frozenset({"region", "region_prefix", "as_of"})
# Tables the engine provides: the hardware table by column, and each region's usage-type prefix.
IMPLIED_TABLES: Final = ("hardware_", "region_prefix", "parent_region")

_SHEET_KEYS: Final = {
    "service_code", "service_name", "service_category", "resource", "alias", "free", "table",
}  # fmt: skip
_RESOURCE_KEYS: Final = {
    "cloudformation", "description", "inputs", "meter", "child", "example", "hidden",
}  # fmt: skip
_INPUT_KEYS: Final = {
    "kind", "path", "default", "unit", "usage", "counts", "from_reference", "referenced_by",
    "values", "description", "each",
}  # fmt: skip
_METER_KEYS: Final = {
    "name", "path", "service_code", "usage_type", "operation", "variant", "region", "unit",
    "quantity", "when", "tier_scope", "purchase", "each",
}  # fmt: skip
_CHILD_KEYS: Final = {
    "path", "resource", "block", "reference", "always", "when", "count", "fields", "inputs",
    "pass",
}  # fmt: skip
_EXAMPLE_KEYS: Final = {
    "source", "region", "inputs", "list_cost", "effective_cost", "resources", "unpriced",
}  # fmt: skip
_PURCHASE_KEYS: Final = {"model", "lease", "option", "class", "plan_type"}


def parse_sheet(file: str, content: Mapping[str, Any]) -> ServiceSheet:
    """Return a checked sheet.

    Args:
        file: name of the file, for messages.
        content: the parsed TOML.

    Raises:
        SheetError: a key, name, formula or reference is wrong; the message says where.
    """
    _check_keys(file, content, _SHEET_KEYS)
    tables = dict(content.get("table", {}))
    code = _text(file, content, "service_code")
    resources = {
        kind: _resource(f"{file}, {kind}", kind, block, code, tables)
        for kind, block in content.get("resource", {}).items()
    }
    return ServiceSheet(
        file=file,
        service_code=code,
        service_name=_text(file, content, "service_name"),
        service_category=str(content.get("service_category", "Other")),
        resources=resources,
        aliases=_aliases(file, content, resources),
        free=dict(content.get("free", {})),
        tables=tables,
    )


def _aliases(
    file: str, content: Mapping[str, Any], resources: Mapping[str, ResourceSheet]
) -> dict[str, Alias]:
    """Return alias → kind, with the defaults that differ where it is not a plain text."""
    aliases = {}
    for name, value in content.get("alias", {}).items():
        if isinstance(value, Mapping):
            _check_keys(f"{file}, alias {name}", value, {"kind", "defaults"})
            alias = Alias(str(value.get("kind")), dict(value.get("defaults", {})))
        else:
            alias = Alias(value)
        known = resources[alias.kind].inputs if alias.kind in resources else {}
        if alias.kind not in resources or alias.defaults.keys() - known.keys():
            raise SheetError(f"{file}: alias {name} names a kind or an input the sheet has not")
        aliases[name] = alias
    return aliases


def _resource(
    where: str, kind: str, block: Mapping[str, Any], code: str, tables: Mapping[str, Any]
) -> ResourceSheet:
    _check_keys(where, block, _RESOURCE_KEYS)
    inputs = _inputs(where, block.get("inputs", {}), tables)
    meters = tuple(
        _meter(f"{where}, meter '{item.get('name', '?')}'", item, code)
        for item in _each(where, block.get("meter", []), tables)
    )
    children = tuple(
        _child(f"{where}, child '{item.get('path', '?')}'", item, tables)
        for item in block.get("child", [])
    )
    for meter in meters:
        _check_meter_names(f"{where}, meter '{meter.name.text}'", meter, set(inputs), tables)
    for child in children:
        known = {*inputs, *child.fields}
        for part in [child.path, *child.inputs.values(), child.count, child.when]:
            _check_names(f"{where}, child '{child.path.text}'", part, known, tables)
    examples = tuple(_example(where, item) for item in block.get("example", []))
    return ResourceSheet(
        type=kind,
        cloudformation=str(block.get("cloudformation", "")),
        description=str(block.get("description", "")),
        inputs=inputs,
        meters=meters,
        children=children,
        examples=examples,
        hidden=bool(block.get("hidden", False)),
    )


def _inputs(where: str, block: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Input]:
    inputs: dict[str, Input] = {}
    named = [{"name": name, **options} for name, options in block.items()]
    for item in _each(where, named, tables):
        name = item.pop("name")
        if not name.isidentifier() or name in IMPLIED_NAMES:
            raise SheetError(f"{where}: input {name!r} cannot be a name in formulas")
        inputs[name] = _input(f"{where}, input '{name}'", name, item)
    return inputs


def _input(where: str, name: str, item: Mapping[str, Any]) -> Input:
    _check_keys(where, item, _INPUT_KEYS)
    reference = item.get("from_reference", ())
    return Input(
        name=name,
        kind=item.get("kind") or _input_kind(item),
        path=item.get("path", name),
        default=item.get("default"),
        unit=item.get("unit", ""),
        usage=bool(item.get("usage", False)),
        counts=bool(item.get("counts", False)),
        from_reference=(reference,) if isinstance(reference, str) else tuple(reference),
        referenced_by=item.get("referenced_by", ""),
        values=tuple(item.get("values", ())),
        description=item.get("description", ""),
    )


def _input_kind(item: Mapping[str, Any]) -> InputKind:
    default = item.get("default")
    if isinstance(default, bool):
        return "flag"
    if isinstance(default, int | float) or {"unit", "counts", "referenced_by"} & set(item):
        return "number"
    return "text"


def _meter(where: str, item: Mapping[str, Any], code: str) -> Meter:
    _check_keys(where, item, _METER_KEYS)
    scope = item.get("tier_scope", "account")
    if scope not in ("account", "resource"):
        raise SheetError(f"{where}: tier_scope is 'account' or 'resource', not {scope!r}")
    return Meter(
        name=_template(where, item, "name"),
        path=str(item.get("path", "")),
        service_code=str(item.get("service_code", code)),
        usage_type=_template(where, item, "usage_type"),
        operation=_template(where, item, "operation", ""),
        variant=_template(where, item, "variant", ""),
        region=_template(where, item, "region") if "region" in item else None,
        unit=_text(where, item, "unit"),
        quantity=_formula(where, _text(where, item, "quantity")),
        when=_optional_formula(where, item, "when"),
        tier_scope=scope,
        purchase=_purchase(where, item["purchase"]) if "purchase" in item else None,
    )


def _purchase(where: str, item: Mapping[str, Any]) -> Purchase:
    _check_keys(f"{where}, purchase", item, _PURCHASE_KEYS)
    return Purchase(
        model=_template(where, item, "model", "OnDemand"),
        lease_contract_length=_template(where, item, "lease", ""),
        purchase_option=_template(where, item, "option", ""),
        offering_class=_template(where, item, "class", ""),
        plan_type=_template(where, item, "plan_type", ""),
    )


def _child(where: str, item: Mapping[str, Any], tables: Mapping[str, Any]) -> Child:
    _check_keys(where, item, _CHILD_KEYS)
    reference = item.get("reference", ())
    return Child(
        path=_template(where, item, "path", str(item.get("block", ""))),
        resource=_text(where, item, "resource"),
        block=str(item.get("block", "")),
        reference=(reference,) if isinstance(reference, str) else tuple(reference),
        always=bool(item.get("always", False)),
        when=_optional_formula(where, item, "when"),
        count=_optional_formula(where, item, "count"),
        fields=_inputs(where, item.get("fields", {}), tables),
        inputs={name: _formula(where, str(text)) for name, text in item.get("inputs", {}).items()},
        passes=tuple(item.get("pass", ())),
    )


def _example(where: str, item: Mapping[str, Any]) -> Example:
    where = f"{where}, example '{item.get('source', '?')}'"
    _check_keys(where, item, _EXAMPLE_KEYS)
    return Example(
        source=_text(where, item, "source"),
        region=_text(where, item, "region"),
        inputs=item.get("inputs", {}),
        list_cost=item.get("list_cost", {}),
        effective_cost=item.get("effective_cost", {}),
        resources=item.get("resources", {}),
        unpriced=tuple(item.get("unpriced", ())),
    )


def _each(where: str, items: Any, tables: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Write an item out for each entry of its ``each`` table: $key and $value are replaced."""
    for item in items:
        name = item.get("each")
        if name is None:
            yield dict(item)
            continue
        if name not in tables:
            raise SheetError(f"{where}: each = {name!r}, but there is no such [table]")
        plain = {key: value for key, value in item.items() if key != "each"}
        for key, value in tables[name].items():
            yield _replaced(plain, {"$key": str(key), "$value": str(value)})


def _replaced(item: Any, words: Mapping[str, str]) -> Any:
    if isinstance(item, str):
        for word, value in words.items():
            item = item.replace(word, value)
        return item
    if isinstance(item, dict):
        return {_replaced(key, words): _replaced(value, words) for key, value in item.items()}
    if isinstance(item, list):
        return [_replaced(element, words) for element in item]
    return item


def _check_meter_names(
    where: str, meter: Meter, known: set[str], tables: Mapping[str, Any]
) -> None:
    parts: list[Formula | Template | None] = [
        meter.name, meter.usage_type, meter.operation, meter.variant, meter.region,
        meter.quantity, meter.when,
    ]  # fmt: skip
    if meter.purchase is not None:
        buy = meter.purchase
        parts += [buy.model, buy.lease_contract_length, buy.purchase_option]
        parts += [buy.offering_class, buy.plan_type]
    for part in parts:
        _check_names(where, part, known, tables)


def _check_names(
    where: str, part: Formula | Template | None, known: set[str], tables: Mapping[str, Any]
) -> None:
    if part is None:
        return
    for name in part.names - known - IMPLIED_NAMES:
        raise SheetError(f"{where}: {part.text!r} reads {name!r}{_nearest(name, known)}")
    for name in part.tables:
        if name not in tables and not name.startswith(IMPLIED_TABLES):
            raise SheetError(
                f"{where}: {part.text!r} looks up {name!r}{_nearest(name, set(tables))}"
            )


def _nearest(name: str, known: set[str]) -> str:
    close = get_close_matches(name, sorted(known), 1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(sorted(known)) or 'none'}"


def _check_keys(where: str, item: Mapping[str, Any], known: set[str]) -> None:
    for key in set(item) - known:
        raise SheetError(f"{where}: unknown key {key!r}{_nearest(key, known)}")


def _text(where: str, item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise SheetError(f"{where}: {key} is missing or not a text")
    return value


def _compiled(where: str, compile_one: Callable[[str], _T], text: str) -> _T:
    try:
        return compile_one(text)
    except FormulaError as error:
        raise SheetError(f"{where}: {error}") from error


def _formula(where: str, text: str) -> Formula:
    return _compiled(where, compile_formula, text)


def _optional_formula(where: str, item: Mapping[str, Any], key: str) -> Formula | None:
    return _formula(where, str(item[key])) if key in item else None


def _template(
    where: str, item: Mapping[str, Any], key: str, default: str | None = None
) -> Template:
    text = item.get(key, default)
    if not isinstance(text, str):
        raise SheetError(f"{where}: {key} is missing or not a text")
    return _compiled(where, compile_template, text)
