"""Read YAML and JSON text of unknown origin: bounded, safe, and with the line of every key.

YAML follows PyYAML's safe subset with three changes: a key given twice is an error, ``1e6`` is a
number (YAML 1.1 calls it text), and dates and ``12:30`` stay text.
"""

import difflib
import gzip
import json
import re
import zlib
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from costmodel.errors import BadInputError, SpecError

# A plan of 100,000 resources is about 200 MB of JSON; more than this is a mistake or an attack.
MAX_BYTES = 512 * 1024 * 1024
# Nodes of one YAML document with its aliases written out.
MAX_YAML_NODES = 2_000_000
MAX_DEPTH = 100


class LinedDict(dict[Any, Any]):
    """A mapping that remembers the line of each of its keys.

    Attributes:
        line: line the mapping begins in, 0 where unknown.
        lines: key → line.
    """

    __slots__ = ("line", "lines")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.line = 0
        self.lines: dict[Any, int] = {}


def line_of(mapping: Any, key: object) -> int:
    """Return the line of a key, 0 where it is unknown."""
    return mapping.lines.get(key, 0) if isinstance(mapping, LinedDict) else 0


def place(name: str, line: int) -> str:
    """Return ``file:line``, or the file alone where the line is unknown."""
    return f"{name}:{line}" if line else name


def nearest(word: str, candidates: Iterable[str], likeness: float = 0.6) -> str:
    """Return ``; did you mean 'x'?`` for the closest candidate, or nothing."""
    close = most_alike(word, candidates, likeness)
    return f"; did you mean '{close}'?" if close else ""


def most_alike(word: str, candidates: Iterable[str], likeness: float) -> str | None:
    """Return the candidate that is spelled most alike, or None where none is so much alike."""
    if isinstance(candidates, frozenset) and len(word) < _LONG_WORD:
        # The same few attributes (ami, subnet_id) are looked at for every resource of a spec.
        return _remembered_most_alike(word, candidates, likeness)
    close = difflib.get_close_matches(word, list(candidates), n=1, cutoff=likeness)
    return close[0] if close else None


_LONG_WORD = 64


@lru_cache(maxsize=4096)
def _remembered_most_alike(word: str, candidates: frozenset[str], likeness: float) -> str | None:
    close = difflib.get_close_matches(word, sorted(candidates), n=1, cutoff=likeness)
    return close[0] if close else None


def read_text(path: Path, error: type[BadInputError] = SpecError) -> str:
    """Return the text of a file, unpacked if it is gzip; refuse what cannot be text."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as failure:
        raise error(f"{path}: cannot be read ({failure.strerror}); check the path") from None
    if data is None:
        raise error(f"{path}: is larger than {MAX_BYTES >> 20} MB; split it")
    if data[:2] == b"\x1f\x8b":
        data = _unpacked(path, error)
    if data[:4] == b"PK\x03\x04":
        raise error(
            f"{path}: is a zip archive (a binary Terraform plan?); "
            "give the output of 'terraform show -json FILE', or unpack it"
        )
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as failure:
        raise error(
            f"{path}: is not UTF-8 text (byte {failure.start}); save it as UTF-8"
        ) from None
    if not text.strip():
        raise error(f"{path}: is empty; give a file with content")
    return text


def _unpacked(path: Path, error: type[BadInputError]) -> bytes:
    try:
        with gzip.open(path) as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise error(f"{path}: is a damaged or truncated gzip file; fetch it again") from None
    if len(data) > MAX_BYTES:
        raise error(f"{path}: unpacks to more than {MAX_BYTES >> 20} MB; split it")
    return data


def parse_json(text: str, name: str, error: type[BadInputError] = SpecError) -> Any:
    """Parse JSON; a key given twice is an error."""
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, name, error))
    except json.JSONDecodeError as failure:
        raise error(
            f"{place(name, failure.lineno)}: is not valid JSON ({failure.msg}); "
            "the file may be cut off"
        ) from None
    except (RecursionError, ValueError):
        raise error(f"{name}: is nested too deeply or holds an endless number") from None


def _unique(pairs: list[tuple[str, Any]], name: str, error: type[BadInputError]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise error(f"{name}: key '{twice}' is given twice; keep one")
    return mapping


class SafeLinedLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # C or Python base
    """PyYAML's safe loader whose mappings are ``LinedDict`` and refuse a key given twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML's way


def _construct_mapping(loader: Any, node: yaml.MappingNode) -> Iterator[LinedDict]:
    data = LinedDict()
    data.line = node.start_mark.line + 1
    yield data
    seen: dict[object, int] = {}
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(
                None, None, "a key must be plain text", key_node.start_mark
            )
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"key '{key}' is given twice (first in line {seen[key]})",
                key_node.start_mark,
            )
        seen[key] = line
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        data[key] = loader.construct_object(value_node)
        data.lines[key] = key_node.start_mark.line + 1


def _resolvers() -> Iterator[tuple[str, str, str]]:
    yield "bool", r"^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE)$", "yYnNtTfF"
    yield (
        "float",
        r"^[-+]?(?:(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
        r"|[0-9][0-9_]*[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$",
        "-+0123456789.",
    )
    yield "int", r"^[-+]?(?:0|[1-9][0-9_]*)$", "-+0123456789"
    yield "null", r"^(?:~|null|Null|NULL|)$", "~nN\0"
    yield "merge", r"^<<$", "<"


for _tag, _pattern, _first in _resolvers():
    SafeLinedLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(_pattern),
        ["" if letter == "\0" else letter for letter in _first],
    )
SafeLinedLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def parse_document(
    text: str,
    name: str,
    error: type[BadInputError] = SpecError,
    loader: type[SafeLinedLoader] = SafeLinedLoader,
) -> Any:
    """Parse JSON (text that begins with ``{`` or ``[``) or else YAML."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(text, name, error)
        except BadInputError:
            # YAML's flow style begins like JSON; its own message is only right if YAML accepts it.
            if name.endswith(".json"):
                raise
    return parse_yaml(text, name, error, loader)


def parse_yaml(
    text: str,
    name: str,
    error: type[BadInputError] = SpecError,
    loader: type[SafeLinedLoader] = SafeLinedLoader,
) -> Any:
    """Parse one YAML document; mappings come back as ``LinedDict``."""
    parser = loader(text)
    try:
        node = parser.get_single_node()
        if node is None:
            raise error(f"{name}: is empty; give a file with content")
        _refuse_bombs(node, name, error)
        return parser.construct_document(node)
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        line = mark.line + 1 if mark else 0
        raise error(
            f"{place(name, line)}: is not valid YAML ({failure.problem}); mend this line"
        ) from None
    except yaml.YAMLError as failure:
        raise error(f"{name}: is not valid YAML ({' '.join(str(failure).split())})") from None
    except RecursionError:
        raise error(f"{name}: is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as failure:
        raise error(f"{name}: holds a value that cannot be read ({failure})") from None
    finally:
        parser.dispose()


def _refuse_bombs(node: yaml.Node, name: str, error: type[BadInputError]) -> None:
    """Refuse documents that are small as text and enormous with their aliases written out."""
    sizes: dict[int, int] = {}

    def size(current: yaml.Node, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise error(
                f"{place(name, current.start_mark.line + 1)}: is nested deeper than "
                f"{MAX_DEPTH} levels (or an anchor contains itself)"
            )
        if id(current) in sizes:
            return sizes[id(current)]
        children: Iterable[yaml.Node] = ()
        if isinstance(current, yaml.SequenceNode):
            children = current.value
        elif isinstance(current, yaml.MappingNode):
            children = (part for pair in current.value for part in pair)
        sizes[id(current)] = 1 + sum(size(child, depth + 1) for child in children)
        return sizes[id(current)]

    if size(node, 0) > MAX_YAML_NODES:
        raise error(f"{name}: expands to more than {MAX_YAML_NODES} values through its aliases")
