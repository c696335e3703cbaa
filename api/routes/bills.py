"""``/v1/bills``: upload in parts or by reference, import as a job, list, rename, delete."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from anyio import open_file, to_thread
from fastapi import Path as PathParameter
from fastapi import Query, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from api.access import v1_router, workspace_of
from api.answers import answer, decode_cursor, expected_version, page, versioned
from api.bill_rows import (
    create_bill,
    delete_bill_row,
    list_bill_rows,
    read_bill_row,
    rename_bill,
    set_status,
)
from api.jobs import enqueue
from api.problems import Problem
from api.schemas.bills import (
    BillAndJob,
    BillChange,
    BillModel,
    BillRequest,
    JobModel,
    PartModel,
    SampleRequest,
)
from api.schemas.shared import Cursor, IdempotencyKey, Identifier, IfMatch, Limit, Page
from api.settings import MEBIBYTE, Limits, Settings
from api.state import state_of
from api.storage import require_room

router = v1_router("bills")

_LOOK_BYTES: Final = 4 * MEBIBYTE  # how often an upload looks whether there is room
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,150}")
_PartNumber = Annotated[int, PathParameter(ge=1, le=10_000)]


@router.post("", status_code=201, response_model=BillAndJob)
async def create(
    request: Request, body: BillRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a bill; one with a reference is imported at once."""
    state, workspace = state_of(request), workspace_of(request)
    reference = body.reference
    if reference is not None:
        check_reference(reference, state.settings)

    def work(connection: Connection) -> dict[str, Any]:
        bill = create_bill(connection, workspace, body.name, reference)
        job = None
        if reference is not None:
            job = queue_import(connection, workspace, bill)
        return {"bill": read_bill_row(connection, workspace, bill["id"]), "job": job}

    return answer(await state.database.run(work), 201)


def check_reference(reference: str, settings: Settings) -> None:
    """Refuse what lies outside the folders and prefixes the operator allowed.

    Raises:
        Problem: 403.
    """
    refused = Problem(
        403, "reference", "this place is not among the operator's --bills", path="body.reference"
    )
    if "\0" in reference:
        raise refused
    if "://" in reference:
        clean = reference.startswith("s3://") and "/../" not in f"{reference}/"
        roots = [root.rstrip("/") for root in settings.bill_roots if "://" in root]
        if not clean or not any(
            reference == root or reference.startswith(f"{root}/") for root in roots
        ):
            raise refused
        return
    try:
        place = Path(reference).resolve()
    except (OSError, RuntimeError, ValueError):
        raise refused from None
    folders = [Path(root).resolve() for root in settings.bill_roots if "://" not in root]
    if not any(place.is_relative_to(folder) for folder in folders):
        raise refused


def queue_import(connection: Connection, workspace: str, bill: dict[str, Any]) -> dict[str, Any]:
    """Queue the import of a bill."""
    set_status(connection, bill["id"], "queued")
    payload = {"bill": bill["id"], "reference": bill["reference"]}
    return enqueue(connection, workspace, "import-bill", payload)


@router.post("/sample", status_code=202, response_model=BillAndJob)
async def create_sample(
    request: Request, body: SampleRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a bill of generated data, to try everything with."""
    workspace = workspace_of(request)
    made = await state_of(request).database.run(lambda c: queue_sample(c, workspace, body))
    return answer(made, 202)


def queue_sample(connection: Connection, workspace: str, body: SampleRequest) -> dict[str, Any]:
    """Add a bill and the job that generates it, the last month being this one."""
    today = datetime.now(UTC)
    first = today.year * 12 + today.month - body.months
    bill = create_bill(connection, workspace, body.name, None)
    set_status(connection, bill["id"], "queued")
    payload = {
        "bill": bill["id"],
        "rows": body.rows,
        "months": body.months,
        "first_month": f"{first // 12}-{first % 12 + 1:02d}",
    }
    job = enqueue(connection, workspace, "sample-bill", payload)
    return {"bill": read_bill_row(connection, workspace, bill["id"]), "job": job}


@router.get("", response_model=Page[BillModel])
async def list_bills(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List bills, newest first."""
    workspace, after = workspace_of(request), decode_cursor(cursor)
    rows = await state_of(request).database.run(
        lambda c: list_bill_rows(c, workspace, limit + 1, after)
    )
    return answer(page(rows, limit))


@router.get("/{bill_id:ident}", response_model=BillModel)
async def read(request: Request, bill_id: Identifier) -> Response:
    """Return a bill: what it holds, and whether it is ready."""
    workspace = workspace_of(request)
    bill = await state_of(request).database.run(lambda c: read_bill_row(c, workspace, bill_id))
    return versioned(bill)


@router.patch("/{bill_id:ident}", response_model=BillModel)
async def change(
    request: Request, bill_id: Identifier, body: BillChange, if_match: IfMatch = None
) -> Response:
    """Rename a bill."""
    workspace, version = workspace_of(request), expected_version(request)
    bill = await state_of(request).database.run(
        lambda c: rename_bill(c, workspace, bill_id, version, body.name)
    )
    return versioned(bill)


@router.delete("/{bill_id:ident}", status_code=204, response_class=Response)
async def delete(request: Request, bill_id: Identifier) -> Response:
    """Delete a bill and its data."""
    state, workspace = state_of(request), workspace_of(request)
    await state.database.run(lambda c: delete_bill_row(c, workspace, bill_id))
    await to_thread.run_sync(state.bills.remove, workspace, bill_id)
    return Response(status_code=204)


@router.put(
    "/{bill_id:ident}/parts/{number}",
    response_model=PartModel,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def upload_part(
    request: Request,
    bill_id: Identifier,
    number: _PartNumber,
    file_name: Annotated[
        str,
        Query(pattern=f"^{_FILE_NAME.pattern}$", description="The file's name, with its ending."),
    ],
) -> Response:
    """Upload one file of a bill as it is; the same number replaces it."""
    state, workspace = state_of(request), workspace_of(request)
    bill = await state.database.run(lambda c: read_bill_row(c, workspace, bill_id))
    if bill["status"] == "queued":
        raise Problem(409, "busy", "the bill is being imported: wait for the job or cancel it")
    folder = state.bills.folder(workspace, bill_id) / "parts"
    size, digest = await _receive(request, folder, number, file_name, state.settings.limits)
    return answer({"number": number, "file_name": file_name, "bytes": size, "sha256": digest})


async def _receive(
    request: Request, folder: Path, number: int, file_name: str, limits: Limits
) -> tuple[int, str]:
    """Write a body to its place through a file beside it; return its size and hash."""
    place = folder / f"{number:05d}"
    await to_thread.run_sync(lambda: folder.mkdir(parents=True, exist_ok=True))
    others = await to_thread.run_sync(lambda: _size(folder, place))
    aside = folder.parent / f"part-{number:05d}.new"
    digest, size, looked = hashlib.sha256(), 0, -_LOOK_BYTES
    try:
        async with await open_file(aside, "wb") as out:
            async for chunk in request.stream():
                size += len(chunk)
                if others + size > limits.bill_bytes:
                    most = limits.bill_bytes
                    raise Problem(413, "too-large", f"a bill may have {most} bytes in all")
                if size - looked >= _LOOK_BYTES:
                    looked = size
                    await to_thread.run_sync(require_room, folder, limits.reserve_bytes)
                digest.update(chunk)
                await out.write(chunk)
        if size == 0:
            raise Problem(422, "empty", "the part is empty: send the file as the body")
        await to_thread.run_sync(_put, aside, place, file_name)
    finally:
        await to_thread.run_sync(lambda: aside.unlink(missing_ok=True))
    return size, digest.hexdigest()


def _size(folder: Path, without: Path) -> int:
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.parent != without
    )


def save_part(folder: Path, number: int, file_name: str, content: bytes) -> None:
    """Write one uploaded file to its place; its name is cleaned."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._=-]", "_", Path(file_name).name).lstrip("._=-")[-150:]
    aside = folder.parent / f"part-{number:05d}.new"
    aside.write_bytes(content)
    _put(aside, folder / f"{number:05d}", name or "bill")


def _put(aside: Path, place: Path, file_name: str) -> None:
    import shutil

    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    aside.replace(place / file_name)


@router.post("/{bill_id:ident}/import", status_code=202, response_model=JobModel)
async def start_import(
    request: Request, bill_id: Identifier, idempotency_key: IdempotencyKey = None
) -> Response:
    """Import what was uploaded; follow the job."""
    state, workspace = state_of(request), workspace_of(request)

    def work(connection: Connection) -> dict[str, Any]:
        bill = read_bill_row(connection, workspace, bill_id)
        if bill["status"] == "queued":
            raise Problem(409, "busy", "the bill is being imported")
        parts = state.bills.folder(workspace, bill_id) / "parts"
        if bill["reference"] is None and not any(parts.glob("*/*")):
            raise Problem(409, "empty", "nothing was uploaded: PUT its parts first")
        return queue_import(connection, workspace, bill)

    return answer(await state.database.run(work), 202)
