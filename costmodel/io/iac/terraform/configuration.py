"""The ``configuration`` part of a plan JSON: references and provider regions.

Every expression lists what it refers to. References are followed through module inputs and
outputs down to resources; a region is a constant, a variable or what a data source found out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from costmodel.io.iac.terraform.evidence import region_from_values

_MAX_HOPS = 32  # modules deep a reference is followed


@dataclass(slots=True)
class ConfiguredModule:
    """One module of the configuration, without regard to its instances.

    Attributes:
        path: names of the module calls that lead here.
        node: its JSON.
        inputs: input name → expression in the calling module.
        parent: the calling module, None for the root.
    """

    path: tuple[str, ...]
    node: Mapping[str, Any]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    parent: "ConfiguredModule | None" = None
    children: dict[str, "ConfiguredModule"] = field(default_factory=dict)
    resources: dict[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """An attribute of a configured resource refers to a resource of some module.

    Attributes:
        attribute: dotted attribute, list positions left out.
        module: names of the module calls down to the target's module.
        within: module instances the expression names, as ``module.app[0].``.
        target: ``type.name``, with its index where the expression fixes one.
        same_index: the expression selects by ``count.index`` or ``each.key``.
    """

    attribute: str
    module: tuple[str, ...]
    within: tuple[str, ...]
    target: str
    same_index: bool


# module names, module instances, type.name
_Target = tuple[tuple[str, ...], tuple[str, ...], str]


class Configuration:
    """Look-ups into a plan's configuration, each worked out once per configured resource."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        configuration = _mapping(plan.get("configuration"))
        self._variables = _mapping(plan.get("variables"))
        self._providers = _mapping(configuration.get("provider_config"))
        self._modules: dict[tuple[str, ...], ConfiguredModule] = {}
        self._references: dict[tuple[tuple[str, ...], str], list[Reference]] = {}
        self._regions: dict[str, str | None] = {}
        self._found_regions = _data_source_regions(plan)
        self._add_module(_mapping(configuration.get("root_module")), (), {}, None)

    def _add_module(
        self,
        node: Mapping[str, Any],
        path: tuple[str, ...],
        inputs: Mapping[str, Any],
        parent: ConfiguredModule | None,
    ) -> None:
        module = ConfiguredModule(path, node, inputs, parent)
        module.resources = {
            str(resource.get("address")): resource for resource in _mappings(node.get("resources"))
        }
        self._modules[path] = module
        if parent is not None:
            parent.children[path[-1]] = module
        for name, call in _mapping(node.get("module_calls")).items():
            self._add_module(
                _mapping(_mapping(call).get("module")),
                (*path, name),
                _mapping(_mapping(call).get("expressions")),
                module,
            )

    def resource(self, module: tuple[str, ...], address: str) -> Mapping[str, Any] | None:
        """Return the configuration of ``type.name`` in a module, None where it is not stated."""
        found = self._modules.get(module)
        return found.resources.get(address) if found else None

    def region(self, provider_key: str) -> str | None:
        """Return the region of a provider configuration, None where the plan does not say."""
        if provider_key not in self._regions:
            self._regions[provider_key] = self._provider_region(provider_key)
        return self._regions[provider_key]

    def _provider_region(self, key: str) -> str | None:
        # A module's own key ("module.a:aws") is only listed if the module configures the provider;
        # otherwise an unaliased provider is the root's.
        provider = self._providers.get(key)
        if provider is None and "." not in key.rpartition(":")[2]:
            provider = self._providers.get(key.rpartition(":")[2])
        expression = _mapping(_mapping(_mapping(provider).get("expressions")).get("region"))
        constant = expression.get("constant_value")
        if isinstance(constant, str) and constant:
            return constant
        for _, names in expression_references(expression):
            values = map(self._variable, names)
            if (value := next((v for v in values if isinstance(v, str) and v), None)) is not None:
                return value
        return self._found_regions.get(key)

    def _variable(self, reference: str) -> Any:
        if not reference.startswith("var."):
            return None
        name = reference.removeprefix("var.")
        if name in self._variables:
            return _mapping(self._variables[name]).get("value")
        declared = _mapping(self._modules[()].node.get("variables"))
        return _mapping(declared.get(name)).get("default")

    def references(self, module: tuple[str, ...], address: str) -> list[Reference]:
        """Return what the attributes of a configured resource refer to."""
        key = (module, address)
        if key not in self._references:
            resource = self.resource(module, address)
            self._references[key] = list(self._resource_references(module, resource))
        return self._references[key]

    def _resource_references(
        self, path: tuple[str, ...], resource: Mapping[str, Any] | None
    ) -> Iterator[Reference]:
        if resource is None:
            return
        module = self._modules[path]
        for attribute, names in expression_references(resource.get("expressions")):
            same_index = "count.index" in names or "each.key" in names or "each.value" in names
            for where, within, target in self._targets(module, names, _MAX_HOPS):
                yield Reference(attribute, where, within, target, same_index)

    def _targets(self, module: ConfiguredModule, names: list[str], hops: int) -> Iterator[_Target]:
        if hops == 0:
            return
        for name in _most_specific(names):
            parts = _PARTS.findall(name)
            if len(parts) < 2:
                continue
            if parts[0] == "module" and len(parts) > 2:
                yield from self._output_targets(module, parts[1], parts[2], hops)
            elif parts[0] == "var" and module.parent is not None:
                expression = module.inputs.get(parts[1].partition("[")[0])
                for _, inner in expression_references(expression):
                    yield from self._targets(module.parent, inner, hops - 1)
            elif parts[0] not in _NOT_RESOURCES:
                yield module.path, (), f"{parts[0]}.{parts[1]}"

    def _output_targets(
        self, module: ConfiguredModule, call: str, output: str, hops: int
    ) -> Iterator[_Target]:
        child = module.children.get(call.partition("[")[0])
        if child is None:
            return
        declared = _mapping(_mapping(child.node.get("outputs")).get(output.partition("[")[0]))
        for _, inner in expression_references(declared.get("expression")):
            for where, within, target in self._targets(child, inner, hops - 1):
                yield where, ((f"module.{call}.",) if "[" in call else ()) + within, target


# ``a.b["x.y"].c`` → a, b["x.y"], c
_PARTS = re.compile(r"[^.\[\]]+(?:\[(?:\d+|\"[^\"]*\")\])?")
_NOT_RESOURCES = frozenset(
    {"module", "var", "local", "data", "each", "count", "path", "self", "terraform"}
)


def _most_specific(names: list[str]) -> Iterator[str]:
    """Drop ``a.b`` where ``a.b.c`` or ``a.b[0]`` is listed too: Terraform lists every prefix."""
    for name in names:
        longer = any(
            other != name and other.startswith(name) and other[len(name)] in ".["
            for other in names
        )
        if not longer:
            yield name


def expression_references(expression: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield (dotted attribute, names referred to) of an expression or of nested blocks."""
    if isinstance(expression, list):
        for block in expression:
            yield from expression_references(block, path)
    elif isinstance(expression, Mapping):
        references = expression.get("references")
        if isinstance(references, list):
            yield path, [str(name) for name in references]
            return
        for key, inner in expression.items():
            if key != "constant_value":
                yield from expression_references(inner, f"{path}.{key}" if path else str(key))


def _data_source_regions(plan: Mapping[str, Any]) -> dict[str, str]:
    """Return provider key → region, from ``aws_region`` data sources the plan has read."""
    configuration = _mapping(_mapping(plan.get("configuration")).get("root_module"))
    keys = {
        str(resource.get("address")): str(resource.get("provider_config_key"))
        for resource in _mappings(configuration.get("resources"))
    }
    state = _mapping(_mapping(plan.get("prior_state")).get("values"))
    regions: dict[str, str] = {}
    for resource in _mappings(_mapping(state.get("root_module")).get("resources")):
        base = str(resource.get("address")).partition("[")[0]
        if base not in keys:
            continue
        values = _mapping(resource.get("values"))
        if resource.get("type") == "aws_region" and isinstance(values.get("name"), str):
            regions[keys[base]] = values["name"]
        elif region := region_from_values(values):
            regions.setdefault(keys[base], region)
    return regions


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
