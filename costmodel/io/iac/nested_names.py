"""Misspelt names inside nested blocks: ``root_block_device: {volume_siz: 50}``."""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple


class Unread(NamedTuple):
    """A name inside a block that nothing reads."""

    block: Mapping[Any, Any]
    path: str  # of the block
    name: str
    known: frozenset[str]  # what the block may hold


def unread_names(value: Any, path: str, names: Collection[str]) -> Iterator[Unread]:
    """Return the names inside a nested block that nothing reads.

    Args:
        value: what stands at the path: a block, or a list of blocks.
        path: dotted path of the block.
        names: dotted paths of all inputs; a block none of them stands in is not looked into.
    """
    inside = _names_inside(path, names if isinstance(names, frozenset) else frozenset(names))
    if not inside:
        return
    for block in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(block, Mapping):
            continue
        for key, item in block.items():
            if key in inside:
                yield from unread_names(item, f"{path}.{key}", names)
            else:
                yield Unread(block, path, str(key), inside)


@lru_cache(maxsize=1024)
def _names_inside(path: str, names: frozenset[str]) -> frozenset[str]:
    """Return what may stand in a block; the paths are those of sheets, so they are few."""
    start = f"{path}."
    return frozenset(
        name.removeprefix(start).partition(".")[0] for name in names if name.startswith(start)
    )
