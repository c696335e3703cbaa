"""Read an architecture of any kind: the kind is told from the content, not from the name."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from costmodel.errors import SpecError
from costmodel.io.iac.cloudformation.tags import TemplateLoader
from costmodel.io.iac.cloudformation.template import is_template, parse_template
from costmodel.io.iac.documents import parse_document, read_text
from costmodel.io.iac.spec_file import parse_spec
from costmodel.io.iac.terraform.directory import read_directory
from costmodel.io.iac.terraform.plan import is_plan, is_state, parse_plan, parse_state
from costmodel.io.iac.usage_file import UsageFile, apply_usage, check_usage, read_usage_file
from costmodel.usage.spec import ArchitectureSpec


def read_spec(
    path: str | Path,
    *,
    region: str | None = None,
    usage: str | Path | UsageFile | None = None,
    known_inputs: Mapping[str, Collection[str]] | None = None,
    knows_type: Callable[[str], bool] | None = None,
    variable_files: Sequence[str | Path] = (),
    parameters: Mapping[str, Any] | None = None,
) -> ArchitectureSpec:
    """Read an architecture: a spec, Terraform or CloudFormation.

    Args:
        path: a YAML or JSON spec, a Terraform directory, a plan or state in JSON, or a
            CloudFormation or SAM template.
        region: region of the resources that fix none.
        usage: a usage file, or its path.
        known_inputs: resource type → names of its inputs; misspelt ones in a YAML spec become
            errors, those in a usage file issues.
        knows_type: tells whether a Terraform type is known; a CloudFormation type whose Terraform
            name is not keeps its own name.
        variable_files: Terraform variable files beside those Terraform loads by itself.
        parameters: CloudFormation parameter name → value, over the template's defaults.

    Raises:
        SpecError: the input cannot be understood; the message says where and what to do.
        UsageFileError: the same for the usage file.
    """
    path = Path(path)
    spec = (
        read_directory(path, region, variable_files)
        if path.is_dir()
        else _read_file(path, region, known_inputs, _Templates(knows_type, parameters))
    )
    return _completed(spec, region, usage, known_inputs)


def read_document(
    document: Mapping[str, Any],
    *,
    region: str | None = None,
    usage: str | Path | UsageFile | None = None,
    known_inputs: Mapping[str, Collection[str]] | None = None,
) -> ArchitectureSpec:
    """Read a spec that is a mapping already, such as JSON out of a request.

    Arguments and errors as for ``read_spec``; messages call the document "spec".
    """
    try:
        spec = parse_spec(document, "spec", known_inputs)
    except RecursionError:
        raise SpecError("spec: is nested too deeply to be an architecture") from None
    return _completed(spec, region, usage, known_inputs)


def _completed(
    spec: ArchitectureSpec,
    region: str | None,
    usage: str | Path | UsageFile | None,
    known_inputs: Mapping[str, Collection[str]] | None,
) -> ArchitectureSpec:
    """Return a spec with the region and the usage it does not state itself."""
    if region is not None and spec.region is None:
        spec = replace(spec, region=region)
    if usage is None:
        return spec
    usage_file = usage if isinstance(usage, UsageFile) else read_usage_file(usage)
    unread = check_usage(usage_file, known_inputs) if known_inputs is not None else []
    applied = apply_usage(spec, usage_file)
    return replace(applied, issues=[*applied.issues, *unread])


def read_plan(
    path: str | Path, *, region: str | None = None
) -> tuple[ArchitectureSpec, ArchitectureSpec]:
    """Read a Terraform plan JSON: what exists before it, what will exist after it."""
    path = Path(path)
    document = parse_document(read_text(path), str(path))
    if not is_plan(document):
        raise SpecError(
            f"{path}: is not a Terraform plan in JSON; "
            "give the output of 'terraform show -json PLANFILE'"
        )
    return parse_plan(document, str(path), region)


class _Templates(NamedTuple):
    """What only CloudFormation templates are read with."""

    knows_type: Callable[[str], bool] | None
    parameters: Mapping[str, Any] | None


def _read_file(
    path: Path,
    region: str | None,
    known_inputs: Mapping[str, Collection[str]] | None,
    templates: _Templates,
) -> ArchitectureSpec:
    name = str(path)
    if not path.exists():
        raise SpecError(f"{name}: does not exist; check the path")
    if path.suffix == ".tf":
        raise SpecError(f"{name}: is one file of a Terraform module; give its directory")
    document = parse_document(read_text(path), name, loader=TemplateLoader)
    try:
        return _architecture(document, path, region, known_inputs, templates)
    except RecursionError:
        raise SpecError(f"{name}: is nested too deeply to be an architecture") from None


def _architecture(
    document: Any,
    path: Path,
    region: str | None,
    known_inputs: Mapping[str, Collection[str]] | None,
    templates: _Templates,
) -> ArchitectureSpec:
    name = str(path)
    if is_plan(document):
        return parse_plan(document, name, region)[1]
    if is_state(document):
        return parse_state(document, name, region)
    if is_template(document):
        return parse_template(document, path, region=region, **templates._asdict())
    return parse_spec(document, name, known_inputs)
