"""Architecture specs in YAML or JSON: resources under Terraform addresses, without Terraform.

.. code-block:: yaml

    region: eu-central-1
    resources:
      instance.web:
        instance_type: m5.large
        count: 2
        root_block_device: {volume_size: 50, volume_type: gp3}
        usage: {monthly_hrs: 260}
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from costmodel.errors import Issue, IssueReason, SpecError
from costmodel.io.iac.address import Address, parse_address
from costmodel.io.iac.documents import line_of, most_alike, nearest, place
from costmodel.io.iac.nested_names import unread_names
from costmodel.io.iac.references import with_prefixes
from costmodel.io.iac.usage_file import apply_usage, check_usage, parse_usage
from costmodel.usage.spec import ArchitectureSpec, Resource

_KEYS = ("region", "resources", "usage")
_RESOURCE_KEYS = ("count", "region", "usage")
# Likeness from which an unknown input is a misspelling: "instance_typ" 0.96, "instanceType" 0.88;
# Terraform's own ephemeral_block_device is 0.79 like ebs_block_device.
_MISSPELT = 0.87
_NEVER_PRICED = frozenset({"tags", "name", "name_prefix", "description"})
_INTERPOLATION = re.compile(r"\$\{([^{}]+)\}")

KnownInputs = Mapping[str, Collection[str]]


def parse_spec(
    document: Any, name: str, known_inputs: KnownInputs | None = None
) -> ArchitectureSpec:
    """Turn a parsed YAML or JSON spec into an architecture.

    Args:
        document: the parsed document; line numbers are named where it holds them.
        name: the file's name, for messages.
        known_inputs: resource type → names of its inputs. An unknown input that is close to a
            known one is an error, another one an issue; types that are not listed pass.
    """
    if not isinstance(document, Mapping):
        raise SpecError(f"{name}: an architecture spec is a mapping with 'resources'")
    _refuse_unknown_keys(document, name)
    region = _text(document, "region", name)
    resources = document.get("resources")
    if resources is None:
        resources = {}
    if not isinstance(resources, Mapping):
        raise SpecError(
            f"{place(name, line_of(document, 'resources'))}: 'resources' must be a mapping "
            "from address (TYPE.NAME) to attributes"
        )
    if not resources and not document.get("usage"):
        raise SpecError(f"{name}: no resources; list them under 'resources'")
    addresses = _addresses(resources, name)
    stated = _Stated({str(address): resources[key] for key, address in addresses.items()})
    read = [_resource(resources, key, addresses[key], stated, name) for key in resources]
    known = {} if known_inputs is None else known_inputs
    issues = list(_check_inputs(resources, read, known, name))
    spec = ArchitectureSpec(resources=read, region=region, issues=issues)
    if document.get("usage") is None:
        return spec
    usage = parse_usage(document["usage"], name)
    unread = check_usage(usage, known_inputs) if known_inputs is not None else []
    applied = apply_usage(spec, usage)
    return replace(applied, issues=[*applied.issues, *unread])


def _refuse_unknown_keys(document: Mapping[Any, Any], name: str) -> None:
    for key in document:
        # x-… holds YAML anchors, as in Compose files.
        if key not in _KEYS and not str(key).startswith("x-"):
            raise SpecError(
                f"{place(name, line_of(document, key))}: unknown key '{key}'"
                f"{nearest(str(key), _KEYS)} (valid: {', '.join(_KEYS)})"
            )


def _text(mapping: Mapping[Any, Any], key: str, name: str) -> str | None:
    value = mapping.get(key)
    if value is None or (isinstance(value, str) and value):
        return value
    raise SpecError(f"{place(name, line_of(mapping, key))}: '{key}' must be text, not {value!r}")


def _addresses(resources: Mapping[Any, Any], name: str) -> dict[Any, Address]:
    addresses: dict[Any, Address] = {}
    first: dict[str, Any] = {}
    for key in resources:
        address = parse_address(key) if isinstance(key, str) else None
        if address is None:
            raise SpecError(
                f"{place(name, line_of(resources, key))}: '{key}' is not a resource address; "
                "write TYPE.NAME ('instance.web')"
            )
        text = str(address)
        if text in first:
            raise SpecError(
                f"{place(name, line_of(resources, key))}: '{key}' and '{first[text]}' are the "
                "same resource"
            )
        first[text] = key
        addresses[key] = address
    return addresses


class _Stated:
    """What the resources of a spec state, by address."""

    def __init__(self, bodies: Mapping[str, Any]) -> None:
        self.bodies = bodies
        self._ends = frozenset(address.rpartition(".")[2] for address in bodies)

    def targets(self, text: str) -> Iterator[str]:
        """Return the addresses a text may stand for: ``web.address``, ``${address.attribute}``."""
        if "." not in text:
            return
        for expression in _INTERPOLATION.findall(text) or [text]:
            for called in (expression, expression.rpartition(".")[0]):
                # Most texts with a dot are no addresses (m5.large), which is quick to see.
                if called.rpartition(".")[2] in self._ends:
                    address = parse_address(called)
                    if address is not None and str(address) in self.bodies:
                        yield str(address)


def _resource(
    resources: Mapping[Any, Any],
    key: str,
    address: Address,
    stated: _Stated,
    name: str,
) -> Resource:
    body = resources[key]
    source = place(name, line_of(resources, key))
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise SpecError(f"{source}: '{key}' must be a mapping of attributes to values")
    usage = body.get("usage")
    if usage is not None and not isinstance(usage, dict):
        raise SpecError(
            f"{place(name, line_of(body, 'usage'))}: 'usage' of '{key}' must be a mapping"
        )
    given = {str(k): _plain(v) for k, v in body.items() if k not in _RESOURCE_KEYS}
    for attribute, value in given.items():
        wrong = next(_misdirected(value, stated), "")
        if wrong:
            where = place(name, line_of(body, attribute))
            raise SpecError(f"{where}: '{attribute}' of '{key}' refers to {wrong}")
    own = str(address)
    return Resource(
        address=own,
        type=address.type,
        region=_text(body, "region", name),
        inputs={name: _filled(value, stated) for name, value in given.items()},
        usage=_plain(usage or {}),
        references=with_prefixes(pair for pair in _references(given, stated) if pair[1] != own),
        source=source,
        count=_count(body, key, name),
    )


def _plain(value: Any) -> Any:
    """Return plain dictionaries and lists; a nested block may be a mapping or a list of them."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _filled(value: Any, stated: _Stated) -> Any:
    """Replace ``${address.attribute}`` by the value that resource states, if it is plain."""
    if isinstance(value, str):
        return _stated_value(value, stated) if value.startswith("${") else value
    if isinstance(value, dict):
        return {key: _filled(item, stated) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, stated) for item in value]
    return value


def _stated_value(text: str, stated: _Stated) -> Any:
    whole = _INTERPOLATION.fullmatch(text)
    if whole is None:
        return text
    target, _, attribute = whole[1].rpartition(".")
    body = stated.bodies.get(str(parse_address(target)))
    found = body.get(attribute) if isinstance(body, dict) else None
    is_plain = isinstance(found, bool | int | float) or (
        isinstance(found, str) and "${" not in found
    )
    return found if is_plain else text


def _misdirected(value: Any, stated: _Stated) -> Iterator[str]:
    """Yield what is wrong with ``${address.attribute}``: no such resource, or a misspelling."""
    if isinstance(value, str):
        whole = _INTERPOLATION.fullmatch(value) if value.startswith("${") else None
        if whole is not None:
            yield from _wrong_target(whole[1], stated.bodies)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _misdirected(item, stated)


def _wrong_target(target: str, stated: Mapping[str, Any]) -> Iterator[str]:
    attribute = ""
    if parse_address(target) is None:
        target, _, attribute = target.rpartition(".")
    address = parse_address(target)
    if address is None:
        return
    if str(address) not in stated:
        known = [key.removeprefix("aws_") for key in stated]
        hint = nearest(target.removeprefix("aws_"), known)
        yield f"'{target}', which is not in the spec{hint}"
        return
    body = stated[str(address)]
    attributes = [str(key) for key in body] if isinstance(body, dict) else []
    if attribute not in attributes:
        close = most_alike(attribute, attributes, _MISSPELT)
        if close:
            yield f"'{attribute}' of '{target}'; did you mean '{close}'?"


def _count(body: Mapping[Any, Any], key: str, name: str) -> float:
    count = body.get("count", 1)
    if (
        isinstance(count, bool)
        or not isinstance(count, int | float)
        or not (0 <= count < math.inf)
    ):
        raise SpecError(
            f"{place(name, line_of(body, 'count'))}: 'count' of '{key}' must be a number >= 0, "
            f"not {count!r}"
        )
    return float(count)


def _references(value: Any, stated: _Stated, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        for target in stated.targets(value):
            yield path, target
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str | dict | list):
                yield from _references(item, stated, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _references(item, stated, path)


def _check_block(value: Any, path: str, key: str, names: Collection[str], name: str) -> None:
    """Refuse a misspelling inside a block; other names are Terraform's own and pass."""
    for unread in unread_names(value, path, names):
        close = most_alike(unread.name, unread.known, _MISSPELT)
        if close:
            where = place(name, line_of(unread.block, unread.name))
            raise SpecError(
                f"{where}: '{unread.path}' of '{key}' has no input '{unread.name}'; "
                f"did you mean '{close}'?"
            )


def _check_inputs(
    resources: Mapping[Any, Any], read: list[Resource], known_inputs: KnownInputs, name: str
) -> Iterator[Issue]:
    for key, resource in zip(resources, read, strict=True):
        names = known_inputs.get(resource.type)
        if names is None:
            continue
        body = resources[key]
        stated = [(body, attribute) for attribute in resource.inputs]
        stated += [(body["usage"], attribute) for attribute in resource.usage]
        for block, attribute in stated:
            if attribute in names:
                if isinstance(block[attribute], dict | list):
                    _check_block(block[attribute], attribute, key, names, name)
                continue
            if attribute in _NEVER_PRICED:
                continue
            where = place(name, line_of(block, attribute))
            close = most_alike(attribute, names, _MISSPELT)
            if close:
                raise SpecError(
                    f"{where}: '{key}' has no input '{attribute}'; did you mean '{close}'?"
                )
            yield Issue(
                IssueReason.DATA_QUALITY,
                resource.address,
                f"{where}: '{attribute}' does not change the price of {resource.type}"
                f"{nearest(attribute, names)}",
            )
