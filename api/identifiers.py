"""Identifiers in paths: ``{bill_id:ident}`` matches nothing else, so words beside it are free."""

from starlette.convertors import Convertor, register_url_convertor


class IdentifierConvertor(Convertor[str]):
    """A kind, an underscore, 28 hexadecimal digits."""

    regex = "[a-z]+_[0-9a-f]{28}"

    def convert(self, value: str) -> str:
        """Return the identifier as it stands in the path."""
        return value

    def to_string(self, value: str) -> str:
        """Return the identifier as it stands in a path."""
        return value


register_url_convertor("ident", IdentifierConvertor())
