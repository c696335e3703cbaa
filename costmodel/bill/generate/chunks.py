"""A generated bill from first to last row: usage with its plan fees, then the month end."""

from collections.abc import Iterator

from costmodel.bill.generate.fees import month_fee_rows, plan_fee_rows
from costmodel.bill.generate.rows import (
    Chunk,
    StreamState,
    join_chunks,
    month_slices,
    new_ledger,
    stream_blocks,
    usage_chunk,
)


def month_chunks(state: StreamState, month: int) -> Iterator[Chunk]:
    """Yield all rows of a month in chunks of about half a million."""
    ledger = new_ledger(state.plan)
    for part in month_slices(state, month):
        for block in stream_blocks(state, part):
            chunk = usage_chunk(state, part, block, ledger)
            if block[0] == 0:
                chunk = join_chunks([chunk, plan_fee_rows(state, chunk, part.first, part.last)])
            ledger.add(state.lines, chunk)
            yield chunk
    yield month_fee_rows(state, month, ledger)
