"""Run the blocks of a page as a reader would: files, commands and Python, from top to bottom.

* ```yaml, toml, hcl, json whose first line is ``# name.ext`` (``// name`` in JSON): the file is written.
* ```console: lines after ``$`` are commands; what follows is their output. A line ``…`` stands for any
  lines, ``…`` at the end of a line for the rest of it. ``# exit code 1`` ends a command that fails.
* ```python: run in one namespace per page.

Fill in outputs marked ``ALL`` or ``HEAD 7``: ``python -m tests.docs.blocks README.md``.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(p for p in (ROOT / "docs").rglob("*.md") if p.parent.name != "adr"),
]
FILE_LANGUAGES = ("yaml", "toml", "hcl", "json")
# What sets a machine up cannot run inside a test; make's targets are checked for existence.
SETUP = re.compile(r"^(git clone|cd |make |pip install|python3? -m (venv|pip)|source |\. )")
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.M | re.S)
_EXIT = re.compile(r"\s+# exit code (\d+)$")
_MARK = re.compile(r"^(?:ALL|HEAD (\d+))$")
_PORT = re.compile(r"--port[ =](\d+)")


@dataclass
class Block:
    language: str
    text: str
    line: int


@dataclass
class Command:
    text: str
    expected: list[str] = field(default_factory=list)
    exit_code: int = 0


def read_blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(found[1], found[2], text[: found.start()].count("\n") + 1)
        for found in _FENCE.finditer(text)
    ]


def read_commands(block: Block) -> list[Command]:
    commands: list[Command] = []
    lines = iter(block.text.splitlines())
    for line in lines:
        if not line.startswith("$ "):
            assert commands, f"line {block.line}: a console block begins with a command"
            commands[-1].expected.append(line)
            continue
        text = line[2:]
        while text.endswith("\\"):
            text = text[:-1] + next(lines).strip()
        code = _EXIT.search(text)
        commands.append(Command(_EXIT.sub("", text), [], int(code[1]) if code else 0))
    return commands


class Reader:
    """Somebody who follows a page in a new folder with the examples."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.namespace: dict[str, object] = {"__name__": "page"}
        self.background: list[subprocess.Popen[str]] = []
        folder.mkdir(exist_ok=True)
        shutil.copytree(ROOT / "examples", folder / "examples")
        shim = folder / ".bin" / "costmodel"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m costmodel "$@"\n')
        shim.chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{shim.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "NO_COLOR": "1",
            "PYTHONIOENCODING": "utf-8",
        }

    def close(self) -> None:
        for process in self.background:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()

    def follow(self, block: Block) -> None:
        """Do what a block says; raises AssertionError where the page is wrong."""
        if block.language in FILE_LANGUAGES:
            self.write(block)
        elif block.language == "python":
            self.run_python(block)
        elif block.language == "console":
            for command in read_commands(block):
                check_output(command, self.run(command))

    def write(self, block: Block) -> None:
        named = re.match(r"^(?:#|//) ([\w./-]+\.\w+)\n", block.text)
        if named:
            path = self.folder / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)

    def run_python(self, block: Block) -> None:
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            exec(compile(block.text, f"line {block.line}", "exec"), self.namespace)
        finally:
            os.chdir(before)

    def run(self, command: Command) -> list[str]:
        """Run a command; return the lines of its output."""
        if SETUP.match(command.text):
            check_setup(command.text)
            return command.expected
        if command.text.endswith("&"):
            self.start(command.text[:-1])
            return command.expected
        done = subprocess.run(
            ["bash", "-c", command.text], cwd=self.folder, env=self.environment, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == command.exit_code, (
            f"{command.text}: exit {done.returncode}\n{done.stdout}"
        )
        return [line.rstrip() for line in done.stdout.rstrip("\n").splitlines()]

    def start(self, text: str) -> None:
        """Start a command in the background and wait until it listens on its port."""
        process = subprocess.Popen(
            ["bash", "-c", text], cwd=self.folder, env=self.environment, text=True,
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.background.append(process)
        found = _PORT.search(text)
        for _ in range(200):
            with socket.socket() as probe:
                if not found or probe.connect_ex(("127.0.0.1", int(found[1]))) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError(f"{text}: nothing listens on the port")


def check_setup(text: str) -> None:
    if text.startswith("make "):
        makefile = (ROOT / "Makefile").read_text()
        for target in text.split("#")[0].split()[1:]:
            assert re.search(rf"^{re.escape(target)}:", makefile, re.M), f"no target {target}"


def check_output(command: Command, actual: list[str]) -> None:
    """Compare an output with the page's; nothing on the page means it is not shown."""
    while command.expected and not command.expected[-1].strip():
        command.expected.pop()
    if not command.expected:
        return
    place, skip = 0, False
    for line in command.expected:
        if line.strip() == "…":
            skip = True
            continue
        rest = actual[place:] if skip else actual[place : place + 1]
        hits = [n for n, got in enumerate(rest) if _fits(line, got)]
        shown = "\n".join(actual)
        assert hits, f"{command.text}: the page shows\n{line}\nbut the output is\n{shown}"
        place, skip = place + hits[0] + 1, False
    assert skip or place == len(actual), f"{command.text}: the output goes on: {actual[place:]}"


def _fits(line: str, got: str) -> bool:
    if line.endswith("…"):
        return got.startswith(line[:-1].rstrip())
    return line.rstrip() == got


def refresh(page: Path, folder: Path) -> None:
    """Rewrite the outputs of a page that are marked ``ALL`` or ``HEAD n`` (so many lines)."""
    reader = Reader(folder)
    text = page.read_text()
    try:
        for block in read_blocks(page):
            if block.language == "console":
                text = text.replace(block.text, _refreshed(block, reader))
            else:
                reader.follow(block)
    finally:
        reader.close()
    page.write_text(text)


def _refreshed(block: Block, reader: Reader) -> str:
    new = block.text
    for command in read_commands(block):
        actual = reader.run(command)
        old = "\n".join(command.expected).strip("\n")
        if _MARK.match(old):
            new = new.replace(f"\n{old}\n", "\n" + "\n".join(_as_shown(old, actual)) + "\n", 1)
    return new


def _as_shown(mark: str, actual: list[str]) -> list[str]:
    head = _MARK.match(mark)
    return [*actual[: int(head[1])], "…"] if head and head[1] else actual


if __name__ == "__main__":
    import tempfile

    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as work:
            refresh(Path(name), Path(work) / "work")
