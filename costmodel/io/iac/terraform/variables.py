"""Whether a Terraform variable is null or has no value; the parser answers both the same way."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

_KNOWN_BEFORE_APPLY = ("var.", "local.", "each.", "count.", "path.", "terraform.")


class Variables:
    """The variables of all modules, from the parser's answer.

    Modules are named by their addresses with instance keys, without a final dot; "" is the root.
    """

    def __init__(self, parsed: Mapping[str, Any], invented: Collection[str]) -> None:
        self._invented = invented
        self._declared: dict[str, Mapping[str, Any]] = {
            _path(item): item for item in parsed.get("variable") or ()
        }
        self._calls: dict[str, Mapping[str, Any]] = {
            _path(item): item for item in parsed.get("module") or ()
        }

    def is_null(self, module: str, name: str) -> bool:
        """Tell whether a variable is null, which to a resource means not given."""
        call = self._calls.get(module, {})
        if name not in call:
            declared = self._declared.get(_joined(module, f"variable.{name}"), {})
            return "default" in declared and declared["default"] is None
        passed = passed_variable(call[name])
        if passed is not None:
            return self.is_null(_parent(module), passed)
        return call[name] is None

    def is_unset(self, module: str, name: str) -> bool:
        """Tell whether a variable has neither a value nor a default that is known."""
        call = self._calls.get(module, {})
        if name not in call:
            return "default" not in self._declared.get(_joined(module, f"variable.{name}"), {})
        passed = passed_variable(call[name])
        if passed is not None:
            return self.is_unset(_parent(module), passed)
        value = call[name]
        is_invented = isinstance(value, str) and value in self._invented
        return is_invented or (isinstance(value, dict) and "__attribute__" in value)

    def rests_on_unknown(self, module: str, names: Iterable[str]) -> bool:
        """Tell whether any of the names an expression holds is known only after apply."""
        return any(
            self.is_unset(module, name.removeprefix("var.").partition(".")[0])
            if name.startswith("var.")
            else not name.startswith(_KNOWN_BEFORE_APPLY)
            for name in names
        )


def passed_variable(value: Any) -> str | None:
    """Return the name of the variable an unevaluated value is, None if it is something else."""
    attribute = str(value.get("__attribute__", "")) if isinstance(value, dict) else ""
    name = attribute.removeprefix("var.")
    return name if attribute.startswith("var.") and name.isidentifier() else None


def _path(item: Mapping[str, Any]) -> str:
    return str(item.get("__tfmeta", {}).get("path", ""))


def _joined(module: str, rest: str) -> str:
    return f"{module}.{rest}" if module else rest


def _parent(module: str) -> str:
    return module.rpartition(".module.")[0]
