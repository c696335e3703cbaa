"""CloudFormation and SAM templates → architectures, in Terraform's types and attribute names.

A resource's address is ``TYPE.LogicalId`` (``aws_sqs_queue.Orders``); in a nested stack it is
``module.STACK.TYPE.LogicalId``. The region is the caller's: a template fixes none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from costmodel.errors import Issue, IssueReason, SpecError
from costmodel.io.iac.cloudformation.intrinsics import Scope, Unknown
from costmodel.io.iac.cloudformation.loops import expanded
from costmodel.io.iac.cloudformation.properties import (
    TypeMapping,
    terraform_attributes,
    type_mapping,
)
from costmodel.io.iac.cloudformation.sam import has_transform, transformed
from costmodel.io.iac.cloudformation.tags import TemplateLoader
from costmodel.io.iac.documents import line_of, nearest, parse_document, place, read_text
from costmodel.io.iac.references import with_prefixes
from costmodel.usage.spec import ArchitectureSpec, Resource

_STACKS = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
# Costs nothing and has no Terraform counterpart: the functions behind custom resources are
# resources of their own.
_SKIPPED = ("AWS::CDK::", "Custom::", "AWS::CloudFormation::", "AWS::AppSync::GraphQLSchema",
            "AWS::RDS::DBSecurityGroup", "AWS::SageMaker::ModelPackage",
            "AWS::SecretsManager::SecretTargetAttachment",
            "AWS::StepFunctions::StateMachineVersion")  # fmt: skip


@dataclass(slots=True)
class _Stack:
    """One template on its way to resources.

    Attributes:
        path: its file.
        module: address prefix of a nested stack, ending with a dot; "" for the root.
        above: files of the stacks around it, to find circles.
        region: region of the stack.
        knows_type: tells whether a Terraform type is known.
    """

    path: Path
    module: str
    above: tuple[Path, ...]
    region: str | None
    knows_type: Callable[[str], bool]
    resources: list[Resource] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


def is_template(document: Any) -> bool:
    """Tell whether a document is a CloudFormation template."""
    if not isinstance(document, Mapping):
        return False
    if "AWSTemplateFormatVersion" in document or "Transform" in document:
        return True
    resources = document.get("Resources")
    return isinstance(resources, Mapping) and any(
        isinstance(body, Mapping) and "::" in str(body.get("Type")) for body in resources.values()
    )


def parse_template(
    document: Mapping[str, Any],
    path: Path,
    *,
    region: str | None = None,
    knows_type: Callable[[str], bool] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> ArchitectureSpec:
    """Turn a parsed template into an architecture.

    Args:
        document: the template, parsed with ``TemplateLoader`` if it is YAML.
        path: its file; nested stacks are looked for beside it.
        region: region of the stack: what ``AWS::Region`` stands for.
        knows_type: tells whether a Terraform type is known; all are by default.
        parameters: parameter name → value, over the template's defaults.

    Raises:
        SpecError: the template is not well formed, or a parameter is unknown.
    """
    given = parameters or {}
    declared = _section(document, "Parameters", path)
    for name in given:
        if name not in declared:
            hint = nearest(name, map(str, declared))
            raise SpecError(f"{path}: the template has no parameter '{name}'{hint}")
    stack = _Stack(path, "", (path.resolve(),), region, knows_type or (lambda _: True))
    _read_stack(document, stack, given)
    return ArchitectureSpec(resources=stack.resources, region=region, issues=stack.issues)


def _section(document: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    section = document.get(name)
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        raise SpecError(f"{place(str(path), line_of(document, name))}: '{name}' must be a mapping")
    return section


def _read_stack(document: Mapping[str, Any], stack: _Stack, given: Mapping[str, Any]) -> None:
    declared = _section(document, "Resources", stack.path)
    if not declared:
        raise SpecError(f"{stack.path}: the template has no 'Resources'")
    scope = Scope(
        parameters=_parameters(_section(document, "Parameters", stack.path), given),
        mappings=_section(document, "Mappings", stack.path),
        conditions=_section(document, "Conditions", stack.path),
        region=stack.region,
    )
    resources, loops = expanded(declared, scope)
    for name, body in resources.items():
        if not isinstance(body, Mapping) or not isinstance(body.get("Type"), str):
            where = place(str(stack.path), line_of(declared, name))
            raise SpecError(f"{where}: resource '{name}' has no 'Type'")
    if has_transform(document):
        resources = transformed({**document, "Resources": resources})
    scope.resources = frozenset(resources)
    addresses = {name: _address(stack, name, body) for name, body in resources.items()}
    stack.issues += [_loop_issue(name, declared, stack) for name in loops]
    for name, body in resources.items():
        source = place(str(stack.path), line_of(declared, name))
        if _exists(body, addresses[name], scope, source, stack):
            _read_resource(name, body, scope, addresses, source, stack)


def _address(stack: _Stack, name: str, body: Mapping[str, Any]) -> str:
    return f"{stack.module}{_mapping(body, stack).terraform}.{name}"


def _mapping(body: Mapping[str, Any], stack: _Stack) -> TypeMapping:
    """Return how a resource reads in Terraform's words; one nobody knows keeps its own type."""
    mapping = type_mapping(body["Type"], body.get("Properties"))
    return mapping if stack.knows_type(mapping.terraform) else TypeMapping(body["Type"])


def _loop_issue(name: str, declared: Mapping[str, Any], stack: _Stack) -> Issue:
    return Issue(
        IssueReason.UNRESOLVED,
        f"{stack.module}{name}",
        f"{place(str(stack.path), line_of(declared, name))}: the collection of '{name}' is not "
        "known from the template; its resources are left out: give its parameter",
    )


def _parameters(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, body in declared.items():
        kind = str(body.get("Type", "String")) if isinstance(body, Mapping) else "String"
        default = body.get("Default") if isinstance(body, Mapping) else None
        value = given.get(str(name), default)
        # A default of an SSM type is the name of a stored parameter, not its value.
        stored = kind.startswith("AWS::SSM::Parameter::Value") and name not in given
        values[str(name)] = Unknown() if value is None or stored else _typed(value, kind)
    return values


def _typed(value: Any, kind: str) -> Any:
    if isinstance(value, Unknown):
        return value
    if kind == "Number" and isinstance(value, str):
        try:
            return float(value) if "." in value else int(value)
        except ValueError:
            return value
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        parts = value if isinstance(value, list) else str(value).split(",")
        return [part.strip() if isinstance(part, str) else part for part in parts]
    return value


def _exists(
    body: Mapping[str, Any], address: str, scope: Scope, source: str, stack: _Stack
) -> bool:
    if "Condition" not in body:
        return True
    name = body["Condition"]
    holds = scope.condition(name)
    if isinstance(holds, Unknown) and name not in scope.conditions:
        hint = nearest(str(name), map(str, scope.conditions))
        raise SpecError(f"{source}: the template has no condition '{name}'{hint}")
    if isinstance(holds, Unknown):
        stack.issues.append(
            Issue(
                IssueReason.UNRESOLVED,
                address,
                f"{source}: condition '{body['Condition']}' of {address} is not known from the "
                "template; it is taken as true: give its parameters",
            )
        )
        return True
    return bool(holds)


def _read_resource(
    name: str,
    body: Mapping[str, Any],
    scope: Scope,
    addresses: Mapping[str, str],
    source: str,
    stack: _Stack,
) -> None:
    kind = body["Type"]
    properties = scope.evaluate(body.get("Properties") or {})
    if not isinstance(properties, Mapping):
        raise SpecError(f"{source}: 'Properties' of '{name}' must be a mapping")
    if kind in _STACKS:
        _read_nested(name, properties, _STACKS[kind], source, stack)
        return
    if kind.startswith(_SKIPPED):
        return
    mapping = _mapping(body, stack)
    attributes = terraform_attributes(mapping, properties)
    if kind == "AWS::Serverless::SimpleTable" and "ProvisionedThroughput" in properties:
        attributes.inputs["billing_mode"] = "PROVISIONED"
    stack.resources.append(
        Resource(
            address=addresses[name],
            type=mapping.terraform,
            region=stack.region,
            inputs=attributes.inputs,
            references=with_prefixes(_addressed(attributes.references, addresses)),
            unknown=frozenset(attributes.unknown),
            source=source,
        )
    )


def _addressed(
    references: list[tuple[str, str]], addresses: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for attribute, logical in references:
        if logical in addresses:
            yield attribute, addresses[logical]


def _read_nested(
    name: str, properties: Mapping[str, Any], key: str, source: str, stack: _Stack
) -> None:
    address = f"{stack.module}module.{name}"
    location = properties.get(key)
    target = stack.path.parent / location if isinstance(location, str) else None
    # A template from a stranger must not read what else is on this machine.
    root = stack.above[0].parent
    if (
        target is None
        or "://" in str(location)
        or not target.resolve().is_relative_to(root)
        or not target.is_file()
    ):
        stack.issues.append(
            Issue(
                IssueReason.UNRESOLVED,
                address,
                f"{source}: the template of nested stack '{name}' is not in its folder; its "
                "resources are left out",
            )
        )
        return
    if target.resolve() in stack.above:
        raise SpecError(f"{source}: stack '{name}' nests itself through '{location}'")
    document = parse_document(read_text(target), str(target), loader=TemplateLoader)
    if not is_template(document):
        raise SpecError(f"{target}: is not a CloudFormation template (nested by {source})")
    above = (*stack.above, target.resolve())
    inner = _Stack(target, f"{address}.", above, stack.region, stack.knows_type)
    given = properties.get("Parameters")
    _read_stack(document, inner, given if isinstance(given, Mapping) else {})
    stack.resources += inner.resources
    stack.issues += inner.issues
