"""How many instances a count makes, where the compiled parser knows it only after expanding.

The parser writes instances out before it evaluates what modules return: ``count = module.a.n``
ends with the right number beside one instance. Here the instances are brought to that number.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from costmodel.errors import Issue, IssueReason, SpecError
from costmodel.io.iac.terraform.configuration import Configuration, expression_references
from costmodel.io.iac.terraform.instances import Instance, index_text
from costmodel.io.iac.terraform.source import MAX_INSTANCES, SourceModule


def settled(
    instances: Sequence[Instance], counts: Mapping[str, int], configuration: Configuration
) -> tuple[list[Instance], list[Issue]]:
    """Return the instances their counts make, and an issue where a count rests on such a one.

    Args:
        instances: as the parser wrote them out.
        counts: address → evaluated count, of instances that have one.
        configuration: for what attributes refer to.

    Raises:
        SpecError: a count is absurd.
    """
    groups: dict[tuple[str, str], list[Instance]] = defaultdict(list)
    for instance in instances:
        groups[instance.module_address, instance.config_address].append(instance)
    result: list[Instance] = []
    resized: set[tuple[str, str]] = set()
    for key, group in groups.items():
        number = counts.get(group[-1].address)
        if number is None or "count" in group[-1].unknown or number == len(group):
            result += group
            continue
        resized.add(key)
        result += _resized(group, number, configuration)
    return result, list(_resting_issues(groups, resized, configuration))


def _resized(
    group: Sequence[Instance], number: int, configuration: Configuration
) -> Iterator[Instance]:
    """Yield as many instances as a count says; what follows the index is unknown in new ones."""
    first = group[0]
    if number > MAX_INSTANCES:
        raise SpecError(
            f"{first.source}: the count of {first.config_address} is {number}; more than "
            f"{MAX_INSTANCES} instances of one resource are not read"
        )
    yield from group[: max(number, 0)]
    own = dict(_expressions(first, configuration))
    by_index = {name.partition(".")[0] for name, names in own.items() if "count.index" in names}
    values = {key: value for key, value in first.values.items() if key not in by_index}
    for index in range(len(group), number):
        base = f"{first.module_address}{first.config_address}"
        yield replace(
            first,
            address=f"{base}{index_text(index)}",
            index=index,
            values=values,
            unknown=sorted({*first.unknown, *by_index}),
        )


def _expressions(
    instance: Instance, configuration: Configuration
) -> Iterator[tuple[str, list[str]]]:
    configured = configuration.resource(instance.module, instance.config_address) or {}
    yield from expression_references(configured.get("expressions"))


def _resting_issues(
    groups: Mapping[tuple[str, str], Sequence[Instance]],
    resized: set[tuple[str, str]],
    configuration: Configuration,
) -> Iterator[Issue]:
    """Report counts the parser took from the number of instances it had written out too few of."""
    for (module, base), group in groups.items():
        names = dict(_expressions(group[0], configuration)).get("count", ())
        rests = [name for name in names if (module, ".".join(name.split(".")[:2])) in resized]
        if rests:
            yield Issue(
                IssueReason.UNRESOLVED,
                f"{module}{base}",
                f"{group[0].source}: the count of {module}{base} follows {rests[0]}, whose number "
                f"is known late; it is taken as {len(group)}: check it",
            )


def module_issues(source: SourceModule, path: str = "") -> Iterator[Issue]:
    """Report module calls whose count or for_each rests on what another module returns."""
    for name, (late, place) in source.late_calls.items():
        address = f"{path}module.{name}"
        yield Issue(
            IssueReason.UNRESOLVED,
            address,
            f"{place}: how often {address} is called follows {late}, which is known late; it is "
            "taken as once: give a plan in JSON",
        )
    for name, child in source.children.items():
        yield from module_issues(child, f"{path}module.{name}.")
