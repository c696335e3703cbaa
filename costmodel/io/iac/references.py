"""References between resources: attribute → addresses, at every depth of a nested attribute."""

from collections.abc import Iterable


def with_prefixes(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return attribute → addresses, each reference also under the blocks around its attribute.

    ``("launch_template.id", "aws_launch_template.a")`` is found under ``launch_template.id`` and
    under ``launch_template``.
    """
    references: dict[str, list[str]] = {}
    for path, address in pairs:
        while path:
            addresses = references.setdefault(path, [])
            if address not in addresses:
                addresses.append(address)
            path = path.rpartition(".")[0]
    return references
