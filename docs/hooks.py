"""Pages of the site that are made from the program when the site is built."""

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import costmodel


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the pages of services and decisions to the navigation."""
    for section in config.nav or []:
        for title, folder in (("Reference", "services"), ("Project", "adr")):
            if title in section:
                pages = sorted(Path(config.docs_dir, folder).glob("*.md"))
                section[title].append({folder.capitalize(): [f"{folder}/{p.name}" for p in pages]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the reference of commands and of public names."""
    for name, text in (("cli", _commands()), ("python", _public_names())):
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def _public_names() -> str:
    names = [name for name in costmodel.__all__ if name != "__version__"]
    parts = [
        "# Python\n\nEvery public name of `costmodel`; `import costmodel` loads them on use.\n"
    ]
    for title, chosen in (
        ("Functions", [name for name in names if name[0].islower()]),
        ("Results and types", [name for name in names if name[0].isupper()]),
    ):
        parts.append(f"## {title}\n")
        parts += [f"::: {costmodel._PUBLIC[name]}.{name}\n" for name in sorted(chosen)]
    return "\n".join(parts)


def _commands() -> str:
    import typer
    from typer.main import get_command

    from costmodel.cli.main import app

    parts = ["# Commands\n\nAs `--help` prints them.\n"]
    root = get_command(app)
    _add_help(root, "costmodel", typer.Context(root, info_name="costmodel"), parts)
    return "\n".join(parts)


def _add_help(command: Any, name: str, context: Any, parts: list[str]) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        text = command.get_help(context)
    parts.append(f"## {name}\n\n```text\n{text or out.getvalue()}\n```\n")
    for child in getattr(command, "commands", {}).values():
        inner = context.__class__(child, info_name=child.name, parent=context)
        _add_help(child, f"{name} {child.name}", inner, parts)
