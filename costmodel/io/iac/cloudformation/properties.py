"""CloudFormation property names → Terraform attribute names, by rule and by table.

The rule turns ``InstanceType`` into ``instance_type`` and a nested object into a block (a list of
one mapping). ``properties.toml`` holds what the rule does not give.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

from costmodel.io.iac.cloudformation.intrinsics import Unknown

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class TypeMapping:
    """How one CloudFormation type reads in Terraform's words.

    Attributes:
        terraform: the resource type.
        properties: dotted property path → attribute; "" puts what is inside one level higher, and
            "-" leaves it out.
        values: dotted property path → value → Terraform's value.
        constants: attributes the type itself implies.
        root_devices: device names whose ``ebs_block_device`` is the ``root_block_device``.
        variants: property (or ``property=value``) → the type it makes of the resource.
    """

    terraform: str
    properties: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    root_devices: tuple[str, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Attributes:
    """The inputs of a resource, what is unknown among them, and what they refer to."""

    inputs: dict[str, Any] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    references: list[tuple[str, str]] = field(default_factory=list)


def snake_case(name: str) -> str:
    """Return ``db_instance_class`` for ``DBInstanceClass``."""
    return _WORDS.sub("_", name).lower()


@cache
def _document() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("properties.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _tables() -> tuple[dict[str, TypeMapping], frozenset[str], frozenset[str]]:
    document = _document()
    types = {
        name: TypeMapping(
            terraform=body["terraform"],
            properties=body.get("properties", {}),
            values=body.get("values", {}),
            constants=body.get("constants", {}),
            root_devices=tuple(body.get("root_devices", ())),
            variants=body.get("variants", {}),
        )
        for name, body in document["types"].items()
    }
    return types, frozenset(document["maps"]), frozenset(document["numbers"])


def type_mapping(name: str, properties: Any = None) -> TypeMapping:
    """Return the mapping of a type; one that is not in the table follows the rule alone.

    Args:
        name: CloudFormation's type.
        properties: those of the resource, as some decide the type (a cluster's DBInstance).
    """
    types, _, _ = _tables()
    if name not in types:
        return TypeMapping(_document()["renamed"].get(name) or _ruled_name(name))
    mapping = types[name]
    for condition, terraform in mapping.variants.items():
        key, _, value = condition.partition("=")
        found = properties.get(key) if isinstance(properties, Mapping) else None
        if found is not None and value in ("", str(found)):
            return replace(mapping, terraform=terraform)
    return mapping


def _ruled_name(name: str) -> str:
    """Return the Terraform type the naming rule gives: ``AWS::IAM::Role`` → ``aws_iam_role``."""
    _, _, rest = name.partition("::")
    service, *parts = rest.split("::")
    word = _document()["services"].get(service, snake_case(service))
    return "_".join(["aws", word, *map(snake_case, parts)])


def terraform_attributes(mapping: TypeMapping, properties: Mapping[str, Any]) -> Attributes:
    """Return evaluated properties in Terraform's words."""
    result = Attributes()
    result.inputs = {
        **mapping.constants,
        **_mapped(mapping, properties, "", "", result),
    }
    if mapping.root_devices:
        _split_root_device(mapping, result.inputs)
    return result


def _mapped(
    mapping: TypeMapping, properties: Mapping[str, Any], path: str, attribute: str, out: Attributes
) -> dict[str, Any]:
    """Return one level of properties, and note what is unknown below it."""
    result: dict[str, Any] = {}
    for name, value in properties.items():
        inner_path = f"{path}.{name}" if path else name
        target = mapping.properties.get(inner_path, snake_case(name))
        if target == "-":
            continue
        if target == "" and isinstance(value, Mapping):
            result.update(_mapped(mapping, value, inner_path, attribute, out))
            continue
        inner_attribute = f"{attribute}.{target}" if attribute else target
        converted = _converted(mapping, name, value, inner_path, inner_attribute, out)
        if converted is not None:
            result[target] = converted
    return result


def _converted(
    mapping: TypeMapping, name: str, value: Any, path: str, attribute: str, out: Attributes
) -> Any:
    _, maps, numbers = _tables()
    if isinstance(value, Unknown):
        out.unknown.add(attribute)
        out.references += [(attribute, logical) for logical in value.references]
        return None
    if name in maps:
        return _plain_map(value)
    if isinstance(value, Mapping):
        return [_mapped(mapping, value, path, attribute, out)]
    if isinstance(value, list):
        return [_item(mapping, name, item, path, attribute, out) for item in value]
    if path in mapping.values:
        return mapping.values[path].get(str(value), value)
    if isinstance(value, str) and name in numbers and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    if value in ("true", "false"):
        return value == "true"
    return value


def _item(
    mapping: TypeMapping, name: str, item: Any, path: str, attribute: str, out: Attributes
) -> Any:
    if isinstance(item, Mapping):
        return _mapped(mapping, item, path, attribute, out)
    return _converted(mapping, name, item, path, attribute, out)


def _plain_map(value: Any) -> Any:
    """Return a map attribute; tags come as a list of keys and values."""
    if isinstance(value, list):
        value = {
            str(item["Key"]): item.get("Value")
            for item in value
            if isinstance(item, Mapping) and "Key" in item
        }
    if not isinstance(value, Mapping):
        return value
    return {key: item for key, item in value.items() if not isinstance(item, Unknown)}


def _split_root_device(mapping: TypeMapping, inputs: dict[str, Any]) -> None:
    devices = inputs.get("ebs_block_device")
    if not isinstance(devices, list) or not all(isinstance(item, dict) for item in devices):
        return
    root = [item for item in devices if str(item.get("device_name")) in mapping.root_devices]
    others = [item for item in devices if str(item.get("device_name")) not in mapping.root_devices]
    del inputs["ebs_block_device"]
    if root:
        inputs["root_block_device"] = root
    if others:
        inputs["ebs_block_device"] = others
