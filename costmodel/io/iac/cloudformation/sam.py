"""What the SAM transform adds to a template, as far as it is priced.

``Globals`` are merged into the resources; a function's events imply an API; provisioned
concurrency is a resource of its own. Roles and permissions, which are free, are not made.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

_GLOBALS = {
    "Function": "AWS::Serverless::Function",
    "Api": "AWS::Serverless::Api",
    "HttpApi": "AWS::Serverless::HttpApi",
    "SimpleTable": "AWS::Serverless::SimpleTable",
    "StateMachine": "AWS::Serverless::StateMachine",
}
# event type → the property that names an API of one's own, the API that is made without it
_IMPLICIT_APIS = {
    "Api": ("RestApiId", "ServerlessRestApi", "AWS::Serverless::Api"),
    "HttpApi": ("ApiId", "ServerlessHttpApi", "AWS::Serverless::HttpApi"),
}


def has_transform(template: Mapping[str, Any]) -> bool:
    """Tell whether a template asks for the SAM transform."""
    transforms = template.get("Transform")
    listed = transforms if isinstance(transforms, list) else [transforms]
    return any(str(name).startswith("AWS::Serverless") for name in listed)


def transformed(template: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return logical id → resource, with global properties and implied resources added."""
    resources = {
        str(name): _with_globals(body, template)
        for name, body in _mapping(template.get("Resources")).items()
        if isinstance(body, Mapping)
    }
    added = [pair for name, body in resources.items() for pair in _implied(name, body)]
    # What the template itself declares wins over what a function implies.
    return {**dict(added), **resources} if added else resources


def _with_globals(body: Mapping[str, Any], template: Mapping[str, Any]) -> Mapping[str, Any]:
    for section, kind in _GLOBALS.items():
        if body.get("Type") == kind:
            defaults = _mapping(_mapping(template.get("Globals")).get(section))
            return {**body, "Properties": _merged(defaults, _mapping(body.get("Properties")))}
    return body


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge maps key by key and join lists, as the transform does; plain values are replaced."""
    result = dict(defaults)
    for key, value in own.items():
        before = result.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            result[key] = _merged(before, value)
        elif isinstance(before, list) and isinstance(value, list) and key != "Architectures":
            result[key] = [*before, *value]
        else:
            result[key] = value
    return result


def _implied(name: str, body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    properties = _mapping(body.get("Properties"))
    condition = {"Condition": body["Condition"]} if "Condition" in body else {}
    if body.get("Type") in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine"):
        for event in _mapping(properties.get("Events")).values():
            api = _IMPLICIT_APIS.get(str(_mapping(event).get("Type")))
            if api and api[0] not in _mapping(_mapping(event).get("Properties")):
                yield api[1], {"Type": api[2], "Properties": {}}
    concurrency = _mapping(properties.get("ProvisionedConcurrencyConfig"))
    if body.get("Type") == "AWS::Serverless::Function" and concurrency:
        yield (
            f"{name}ProvisionedConcurrency",
            {
                "Type": "AWS::Lambda::ProvisionedConcurrencyConfig",
                "Properties": {**concurrency, "FunctionName": {"Ref": name}},
                **condition,
            },
        )
    if body.get("Type") == "AWS::Serverless::Api" and "CacheClusterSize" in properties:
        cache = {key: properties[key] for key in properties if key.startswith("CacheCluster")}
        yield (
            f"{name}Stage",
            {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {**cache, "RestApiId": {"Ref": name}},
                **condition,
            },
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
