"""The notebooks run offline, use public names only, and are kept without outputs."""

import ast
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import costmodel

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# Runs in the kernel before anything else: a notebook that needs the network fails.
NO_NETWORK = """
import socket
connect = socket.socket.connect
def guarded(self, address):
    host = address[0] if isinstance(address, tuple) else "localhost"
    if not (str(host).startswith("127.") or host in ("localhost", "::1")):
        raise RuntimeError(f"a notebook tried to reach {host}")
    return connect(self, address)
socket.socket.connect = guarded
"""


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_of(path: Path) -> ast.Module:
    return ast.parse("\n\n".join(c.source for c in read(path).cells if c.cell_type == "code"))


def each(name: str = "path"):
    return pytest.mark.parametrize(name, NOTEBOOKS, ids=lambda path: path.stem)


def test_every_notebook_is_there() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06", "07"]


@each()
def test_a_notebook_runs_without_the_network(path, tmp_path, monkeypatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read(path)

    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()

    figures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]
    assert figures


@each()
def test_a_notebook_is_kept_without_outputs(path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]

    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


@each()
def test_a_notebook_uses_public_names_only(path) -> None:
    tree = code_of(path)

    imported = [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
        )
    ]
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "costmodel"
    }

    assert not [name for name in imported if name.startswith("costmodel.")]
    assert used
    assert used <= set(costmodel.__all__)
    private = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr[0] == "_"]
    assert [name for name in private if name != "_asdict"] == []


@each()
def test_a_notebook_says_how_to_use_it_on_ones_own_data_by_one_path(path) -> None:
    cells = read(path).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")

    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith(f"# {int(path.name[:2])} · ")
    assert "**Your own" in text
    assert "# ← your own" in code



@each()
def test_a_notebook_ends_with_what_to_do(path) -> None:
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    headings = [line for line in text.split("\n") if line.startswith("## ")]

    ends = {"02": "## Answer, and what to do", "07": "## 6. The page"}
    assert headings[-1] == ends.get(path.name[:2], "## What to do")
