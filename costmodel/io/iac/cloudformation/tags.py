"""YAML with CloudFormation's short tags: ``!Sub x`` stands for ``{Fn::Sub: x}``."""

from typing import Any

import yaml

from costmodel.io.iac.documents import SafeLinedLoader

_PLAIN = ("Ref", "Condition")  # the functions without the prefix Fn::


class TemplateLoader(SafeLinedLoader):
    """The safe loader, with short tags read as the functions they stand for."""


def _construct_function(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in _PLAIN else f"Fn::{suffix}"
    argument: Any
    if isinstance(node, yaml.MappingNode):
        argument = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    else:
        argument = loader.construct_scalar(node)
    if name == "Fn::GetAtt" and isinstance(argument, str):
        argument = argument.split(".", 1)
    return {name: argument}


TemplateLoader.add_multi_constructor("!", _construct_function)
