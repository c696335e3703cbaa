"""A scanner for Terraform source: blocks, and what the expression of each attribute refers to.

It evaluates nothing (the compiled parser does); it finds the references between resources, which
evaluated values no longer show. Grammar: https://developer.hashicorp.com/terraform/language/syntax
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from costmodel.errors import SpecError

_SPACE = re.compile(r"(?:[ \t\r]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.S)
_WORD = re.compile(r"[^\W\d][\w-]*")
_HEREDOC = re.compile(r"<<-?([^\W\d]\w*)\r?\n(.*?)^[ \t]*\1[ \t]*$", re.S | re.M)
_NAME = re.compile(r"(?<![\w.\-\]])((?:[^\W\d][\w-]*)(?:\.[^\W\d][\w-]*|\.\*|\[[^\[\]]*\])+)")
_LITERAL_INDEX = re.compile(r"\d+|\"[^\"]*\"")
_MAX_DEPTH = 100
_MAX_BRACKETS = 200  # the compiled parser would exhaust its stack, and the process, on millions
_OPEN, _CLOSE = "([{", ")]}"
_TEXT = re.compile(r"[^\s\"()\[\]{}#/<]+")


@dataclass(slots=True)
class Block:
    """A block of Terraform source.

    Attributes:
        type: ``resource``, ``root_block_device`` …
        labels: the quoted names behind the type.
        line: line it begins in, from 1.
        attributes: attribute → its expression, text outside ``${}`` left out.
        blocks: the blocks inside.
    """

    type: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)


def scan_hcl(text: str) -> Block:
    """Return the file as a block; what is no block or attribute is passed over.

    Raises:
        SpecError: brackets are nested absurdly deep.
    """
    root = Block("", (), 1)
    _Scanner(text).body(root, 0)
    return root


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.line_at = 0

    def body(self, block: Block, depth: int) -> None:
        """Read attributes and blocks up to the closing brace."""
        while self._skip_lines() and self.text[self.at] != "}":
            self.line += self.text.count("\n", self.line_at, self.at)
            self.line_at = self.at
            line = self.line
            head = self._head()
            following = self.text[self.at : self.at + 1]
            if head and following == "{" and depth < _MAX_DEPTH:
                self.at += 1
                inner = Block(head[0], tuple(head[1:]), line)
                block.blocks.append(inner)
                self.body(inner, depth + 1)
                self.at += 1
            elif head and following == "=":
                self.at += 1
                block.attributes[head[0]] = self._expression()
            else:
                self.at += 1

    def _skip_lines(self) -> bool:
        while self.at < len(self.text):
            if self.text[self.at] == "\n":
                self.at += 1
            elif found := _SPACE.match(self.text, self.at):
                self.at = found.end()
            else:
                return True
        return False

    def _head(self) -> list[str]:
        """Read ``name``, or ``type "label" …``."""
        words: list[str] = []
        while True:
            if found := _SPACE.match(self.text, self.at):
                self.at = found.end()
            if found := _WORD.match(self.text, self.at):
                words.append(found[0])
                self.at = found.end()
            elif words and self.text[self.at : self.at + 1] == '"':
                start = self.at
                self._string()
                words.append(self.text[start + 1 : self.at - 1])
            else:
                return words

    def _expression(self) -> str:
        """Read up to the end of the line outside brackets; return it without plain text."""
        parts: list[str] = []
        depth = 0
        while self.at < len(self.text):
            letter = self.text[self.at]
            if depth == 0 and letter in "\n}":
                break
            if letter == '"':
                parts.append(self._string_part(parts))
            elif found := _HEREDOC.match(self.text, self.at):
                parts.append(" ".join(_interpolations(found[2])))
                self.at = found.end()
            elif found := _SPACE.match(self.text, self.at):
                parts.append(" ")
                self.at = found.end()
            elif found := _TEXT.match(self.text, self.at):
                parts.append(found[0])
                self.at = found.end()
            else:
                depth += (letter in _OPEN) - (letter in _CLOSE)
                if depth > _MAX_BRACKETS:
                    raise SpecError(f"an expression nests more than {_MAX_BRACKETS} brackets")
                parts.append(letter)
                self.at += 1
        return "".join(parts)

    def _string_part(self, before: list[str]) -> str:
        start = self.at
        self._string()
        literal = self.text[start : self.at]
        if before and before[-1] == "[" and "${" not in literal:
            return literal
        return f" {' '.join(_interpolations(literal))} "

    def _string(self) -> None:
        """Move behind a quoted string; ``${…}`` in it may hold strings of its own."""
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] not in '"\n':
            if self.text.startswith(("${", "%{"), self.at):
                self.at = _interpolation_end(self.text, self.at)
            else:
                self.at += 2 if self.text[self.at] == "\\" else 1
        self.at += 1


def _interpolation_end(text: str, start: int) -> int:
    depth = 0
    quoted = False
    for position in range(start + 1, len(text)):
        letter = text[position]
        if letter == '"':
            quoted = not quoted
        elif not quoted:
            depth += (letter == "{") - (letter == "}")
            if depth == 0:
                return position + 1
    return len(text)


def _interpolations(text: str) -> Iterator[str]:
    start = text.find("${")
    while start >= 0:
        end = _interpolation_end(text, start)
        yield text[start + 2 : end - 1]
        start = text.find("${", end)


def expression_names(expression: str) -> list[str]:
    """Return what an expression refers to, in the form a plan lists it.

    ``aws_subnet.a[each.key].id`` gives ``aws_subnet.a.id`` and ``each.key``; literal indexes stay.
    """
    names: list[str] = []
    for found in _NAME.finditer(expression):
        name = found[1]
        for index in re.findall(r"\[([^\[\]]*)\]", name):
            if not _LITERAL_INDEX.fullmatch(index.strip()):
                names += expression_names(index)
                name = name.replace(f"[{index}]", "")
        names.append(name.replace(".*", ""))
    return names


def block_expressions(block: Block) -> dict[str, Any]:
    """Return attribute → expression as the ``expressions`` of a plan, blocks as lists."""
    result: dict[str, Any] = {
        name: {"references": expression_names(text)} if expression_names(text) else {}
        for name, text in block.attributes.items()
    }
    for inner in block.blocks:
        if inner.type == "dynamic" and inner.labels:
            kind, inner = inner.labels[0], _dynamic_content(inner)
        else:
            kind = inner.type
        result.setdefault(kind, [])
        if isinstance(result[kind], list):
            result[kind].append(block_expressions(inner))
    return result


def _dynamic_content(block: Block) -> Block:
    """Return the content of a dynamic block, its iterator replaced by what it iterates over."""
    content = next((inner for inner in block.blocks if inner.type == "content"), None)
    if content is None:
        return Block(block.type, (), block.line)
    iterator = block.attributes.get("iterator", block.labels[0]).strip()
    source = block.attributes.get("for_each", "")
    word = re.compile(rf"(?<![\w.-]){re.escape(iterator)}\.(?:value|key)\b")
    return _replaced(content, word, f" {source} ")


def _replaced(block: Block, word: re.Pattern[str], by: str) -> Block:
    return Block(
        block.type,
        block.labels,
        block.line,
        {key: word.sub(lambda _: by, text) for key, text in block.attributes.items()},
        [_replaced(inner, word, by) for inner in block.blocks],
    )
