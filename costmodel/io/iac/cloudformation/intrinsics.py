"""CloudFormation's intrinsic functions, as far as a template alone can work them out.

What only a deployment knows becomes ``Unknown``, which remembers the resources it refers to.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([^!{}][^{}]*)\}")
NO_VALUE = object()
_PSEUDO = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": NO_VALUE}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value known only after deployment; ``references`` are the logical ids it comes from."""

    references: tuple[str, ...] = ()


def merged_unknown(values: Iterable[Any]) -> Unknown | None:
    """Return the union of the unknowns among values, None if all are known."""
    found = [value for value in values if isinstance(value, Unknown)]
    if not found:
        return None
    return Unknown(tuple(dict.fromkeys(name for value in found for name in value.references)))


@dataclass(slots=True)
class Scope:
    """What a template's expressions may name.

    Attributes:
        parameters: name → value, or ``Unknown``.
        mappings: as in the template.
        conditions: as in the template, not yet evaluated.
        region: region of the stack, None where it is not known.
        resources: logical ids.
    """

    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    region: str | None
    resources: frozenset[str] = frozenset()
    _truths: dict[str, Any] = field(default_factory=dict)

    def evaluate(self, value: Any) -> Any:
        """Return a value with every function worked out; unknown leaves are ``Unknown``."""
        if isinstance(value, list):
            items = [self.evaluate(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                return Unknown()
        pairs = {str(key): self.evaluate(item) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if item is not NO_VALUE}

    def reference(self, name: Any) -> Any:
        """Return what ``Ref`` gives: a parameter, a pseudo parameter or an unknown resource."""
        if not isinstance(name, str):
            return Unknown()
        if name == "AWS::Region":
            return self.region if self.region is not None else Unknown()
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return Unknown((name,) if name in self.resources else ())

    def condition(self, name: Any) -> Any:
        """Return whether a condition holds: True, False or ``Unknown``."""
        if not isinstance(name, str) or name not in self.conditions:
            return Unknown()
        if name not in self._truths:
            self._truths[name] = Unknown()  # what a condition that names itself finds
            self._truths[name] = _truth(self.evaluate(self.conditions[name]))
        return self._truths[name]


def _truth(value: Any) -> Any:
    if isinstance(value, bool | Unknown):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return Unknown()


def _get_att(scope: Scope, argument: Any) -> Any:
    name = argument[0] if isinstance(argument, list) and argument else argument
    logical = name.partition(".")[0] if isinstance(name, str) else ""
    return Unknown((logical,) if logical in scope.resources else ())


def _sub(scope: Scope, argument: Any) -> Any:
    local: Mapping[str, Any] = {}
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], Mapping):
        argument, local = argument[0], argument[1]
    if not isinstance(argument, str):
        return Unknown()
    values = {name: _substituted(scope, local, name) for name in _PLACEHOLDER.findall(argument)}
    unknown = merged_unknown(values.values())
    if unknown is not None:
        return unknown
    text = _PLACEHOLDER.sub(lambda found: _text(values[found[1]]), argument)
    return text.replace("${!", "${")


def _substituted(scope: Scope, local: Mapping[str, Any], name: str) -> Any:
    if name in local:
        return scope.evaluate(local[name])
    return _get_att(scope, name) if "." in name else scope.reference(name.strip())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is NO_VALUE else str(value)


def _join(scope: Scope, argument: Any) -> Any:
    if not (isinstance(argument, list) and len(argument) == 2):
        return Unknown()
    items = scope.evaluate(argument[1])
    if not isinstance(items, list):
        return items if isinstance(items, Unknown) else Unknown()
    unknown = merged_unknown(items)
    return unknown if unknown is not None else str(argument[0]).join(map(_text, items))


def _select(scope: Scope, argument: Any) -> Any:
    if not (isinstance(argument, list) and len(argument) == 2):
        return Unknown()
    index, items = scope.evaluate(argument[0]), scope.evaluate(argument[1])
    if isinstance(items, list) and str(index).isdigit() and int(index) < len(items):
        return items[int(index)]
    return merged_unknown([items]) or Unknown()


def _split(scope: Scope, argument: Any) -> Any:
    if not (isinstance(argument, list) and len(argument) == 2):
        return Unknown()
    text = scope.evaluate(argument[1])
    if isinstance(text, str) and isinstance(argument[0], str) and argument[0]:
        return text.split(argument[0])
    return merged_unknown([text]) or Unknown()


def _find_in_map(scope: Scope, argument: Any) -> Any:
    if not (isinstance(argument, list) and len(argument) >= 3):
        return Unknown()
    keys = [scope.evaluate(key) for key in argument[:3]]
    found: Any = scope.mappings
    for key in keys:
        # A number written as a key is text to CloudFormation.
        options = {str(k): v for k, v in found.items()} if isinstance(found, Mapping) else {}
        found = options.get(str(key)) if not isinstance(key, Unknown) else None
    if found is not None:
        return scope.evaluate(found)
    if len(argument) == 4 and isinstance(argument[3], Mapping) and merged_unknown(keys) is None:
        return scope.evaluate(argument[3].get("DefaultValue"))
    return merged_unknown(keys) or Unknown()


def _if(scope: Scope, argument: Any) -> Any:
    if not (isinstance(argument, list) and len(argument) == 3):
        return Unknown()
    holds = scope.condition(argument[0])
    if not isinstance(holds, Unknown):
        return scope.evaluate(argument[1] if holds else argument[2])
    both = [scope.evaluate(argument[1]), scope.evaluate(argument[2])]
    return both[0] if both[0] == both[1] else merged_unknown(both) or Unknown()


def _equals(scope: Scope, argument: Any) -> Any:
    if not (isinstance(argument, list) and len(argument) == 2):
        return Unknown()
    left, right = (scope.evaluate(item) for item in argument)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown()
    return left == right or (
        not isinstance(left, list | dict)
        and not isinstance(right, list | dict)
        and _text(left) == _text(right)
    )


def _truths(scope: Scope, argument: Any) -> list[Any]:
    items = argument if isinstance(argument, list) else [argument]
    return [_truth(scope.evaluate(item)) for item in items]


def _and(scope: Scope, argument: Any) -> Any:
    truths = _truths(scope, argument)
    return False if False in truths else merged_unknown(truths) or True


def _or(scope: Scope, argument: Any) -> Any:
    truths = _truths(scope, argument)
    return True if True in truths else merged_unknown(truths) or False


def _not(scope: Scope, argument: Any) -> Any:
    truth = _truths(scope, argument)[0] if argument else Unknown()
    return truth if isinstance(truth, Unknown) else not truth


def _base64(scope: Scope, argument: Any) -> Any:
    text = scope.evaluate(argument)
    return base64.b64encode(text.encode()).decode() if isinstance(text, str) else Unknown()


def _length(scope: Scope, argument: Any) -> Any:
    items = scope.evaluate(argument)
    return len(items) if isinstance(items, list) else merged_unknown([items]) or Unknown()


_FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Ref": lambda scope, argument: scope.reference(argument),
    "Condition": lambda scope, argument: scope.condition(argument),
    "Fn::And": _and,
    "Fn::Base64": _base64,
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Not": _not,
    "Fn::Or": _or,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
}
