"""Each dollar once: savings must add up to the difference of what all costs before and after."""

from typing import Final

from costmodel.errors import CostModelError

_CENT: Final = 0.005
# What float64 sums of as many lines as an account has may differ by.
_RELATIVE: Final = 1e-9


def check_conserved(what: str, saved: float, before: float, after: float) -> None:
    """Refuse savings that are not the difference of two costs, all in USD over the same time.

    Args:
        what: what saves, with its verb: "the purchases save".
        saved: sum of the savings.
        before: cost before.
        after: cost after.

    Raises:
        CostModelError: they differ by more than half a cent.
    """
    if abs(before - after - saved) > _CENT + _RELATIVE * abs(before):
        raise CostModelError(
            f"{what} {saved:.4f} but the costs before and after differ by "
            f"{before - after:.4f}: please report this"
        )
