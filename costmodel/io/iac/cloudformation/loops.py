"""``Fn::ForEach`` of the AWS::LanguageExtensions transform: one resource, made many times.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from costmodel.io.iac.cloudformation.intrinsics import Scope

_PREFIX = "Fn::ForEach::"
_MAX_RESOURCES = 10_000  # a template deploys at most 500


def expanded(resources: Mapping[str, Any], scope: Scope) -> tuple[dict[str, Any], list[str]]:
    """Return the resources with every loop written out, and the loops that cannot be.

    Args:
        resources: as in the template; keys that begin with ``Fn::ForEach::`` are loops.
        scope: what the loops' collections may name.
    """
    result: dict[str, Any] = {}
    left_out: list[str] = []
    for name, body in resources.items():
        if not str(name).startswith(_PREFIX):
            result[str(name)] = body
            continue
        made = list(_iterations(body, scope))
        for piece in made:
            inner, lost = expanded(piece, scope) if len(result) < _MAX_RESOURCES else ({}, [name])
            result.update(inner)
            left_out += lost
        if not made:
            left_out.append(str(name))
    return result, list(dict.fromkeys(left_out))


def _iterations(loop: Any, scope: Scope) -> Iterator[Mapping[str, Any]]:
    if not (isinstance(loop, list) and len(loop) == 3 and isinstance(loop[2], Mapping)):
        return
    collection = scope.evaluate(loop[1])
    for item in collection if isinstance(collection, list) else ():
        if isinstance(item, str | int):
            piece = _substituted(loop[2], str(loop[0]), str(item))
            yield {str(key): body for key, body in piece.items()}


def _substituted(value: Any, identifier: str, item: str) -> Any:
    if isinstance(value, list):
        return [_substituted(inner, identifier, item) for inner in value]
    if isinstance(value, str):
        # &{x} keeps letters and digits only: logical ids hold no others.
        plain = "".join(letter for letter in item if letter.isalnum())
        return value.replace(f"${{{identifier}}}", item).replace(f"&{{{identifier}}}", plain)
    if not isinstance(value, Mapping):
        return value
    if dict(value) == {"Ref": identifier}:
        return item
    return {
        _substituted(key, identifier, item): _substituted(inner, identifier, item)
        for key, inner in value.items()
    }
