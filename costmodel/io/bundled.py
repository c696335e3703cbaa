"""Files that travel with the program: the example architectures."""

from pathlib import Path

from costmodel.errors import BadInputError

_PACKAGE = Path(__file__).parents[1]


def find_example(name: str) -> Path:
    """Return the path of an example architecture, from the wheel or the checkout.

    Raises:
        BadInputError: there is no example of that name; the message lists those there are.
    """
    for folder in (_PACKAGE / "_examples", _PACKAGE.parent / "examples"):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return path
        known = sorted(found.stem for found in folder.glob("*.yaml"))
        if known:
            raise BadInputError(f"no example {name!r}; there are {', '.join(known)}")
    raise BadInputError("the example architectures are not installed; name a spec of your own")
