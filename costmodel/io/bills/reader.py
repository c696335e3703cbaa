"""Open bills: from paths to sources, whatever the format."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from costmodel.bill.misread import is_misread, placed
from costmodel.bill.normalize.source_rows import rows_of
from costmodel.bill.query import Bill
from costmodel.bill.source import BillFormat, BillSource
from costmodel.errors import BillError, Issue, IssueReason
from costmodel.io.bills.column_lists import read_columns
from costmodel.io.bills.console_csv import console_source
from costmodel.io.bills.cost_explorer import cost_explorer_source
from costmodel.io.bills.legacy_report import legacy_report_source
from costmodel.io.bills.origin import Origin, fingerprint, origin_of, refuse_copies
from costmodel.io.bills.places import LocalFiles, local_files
from costmodel.io.bills.raw_chunks import table_tasks, tasks_of
from costmodel.io.bills.sniff import Sniffed, sniff
from costmodel.io.bills.store_import import Delivery, ImportResult, import_deliveries
from costmodel.io.bills.store_manifest import is_store
from costmodel.io.bills.store_read import store_sources
from costmodel.io.bills.tabular import tabular_source
from costmodel.io.bills.unpack import check_gzip

_SMALL = (BillFormat.COST_EXPLORER, BillFormat.CONSOLE_CSV, BillFormat.LEGACY_REPORT)


def open_bill(
    paths: Sequence[str | Path], prefixes: Mapping[str, str], columns: Path | None = None
) -> Bill:
    """Return bills as one relation.

    Args:
        paths: files, folders, manifests, s3:// prefixes or stores.
        prefixes: usage-type prefix → region or zone, from the catalog.
        columns: file that lists the columns of text without a header.

    Raises:
        BillError: a path does not exist or is no bill; the message says what to do.
    """
    return Bill(find_sources(paths, columns), prefixes)


def find_sources(paths: Sequence[str | Path], columns: Path | None = None) -> list[BillSource]:
    """Return the sources behind paths: one per format and kind of file, small reports one each."""
    stores = [Path(path) for path in paths if is_store(Path(path))]
    sources = [source for store in stores for source in store_sources(store)]
    others = [path for path in paths if Path(path) not in stores]
    if others:
        parts, reports, keep = find_parts(others, columns)
        groups: dict[tuple[object, ...], list[Sniffed]] = {}
        for part in parts:
            if part.gzipped:
                check_gzip(part.path)
            key = (part.format, part.container, part.delimiter, part.gzipped, part.has_header)
            groups.setdefault(key, []).append(part)
        sources += [report for _, report in reports]
        alike = [same for group in groups.values() for same in _told_apart(group)]
        sources += [tabular_source(group, keep) for group in alike]
    if not sources:
        raise BillError(f"{', '.join(map(str, paths))}: no bill there")
    _check_granularity(sources)
    return _with_mixture_issue(sources)


def find_parts(
    paths: Sequence[str | Path],
    columns: Path | None = None,
) -> tuple[list[Sniffed], list[tuple[Sniffed, BillSource]], tuple[object, ...]]:
    """Return the large files behind paths, the small reports read, and what must stay alive."""
    found = local_files(tuple(paths))
    parts: list[Sniffed] = []
    reports: list[tuple[Sniffed, BillSource]] = []
    for part in _sniffed(found, () if columns is None else read_columns(columns)):
        if part.format in _SMALL:
            reports.append((part, _small_source(part)))
            continue
        parts.append(part)
    refuse_copies(parts)
    return parts, reports, tuple(found.keep)


def import_bills(
    paths: Sequence[str | Path],
    store: Path,
    prefixes: Mapping[str, str],
    progress: Callable[[float], None],
    columns: Path | None = None,
) -> ImportResult:
    """Import bills into a store, month by month where paths name months.

    Args:
        paths: files, folders, manifests or s3:// prefixes.
        store: folder of the store, made if need be.
        prefixes: usage-type prefix → region or zone.
        progress: called with the share done, 0 to 1.
        columns: file that lists the columns of text without a header.

    Raises:
        BillError: a file is wrong; the store keeps what it had of that month.
    """
    parts, reports, _keep = find_parts(paths, columns)
    for group in _by_schema_kind(parts):
        tabular_source(group)  # says what is missing before anything is written
    months: dict[tuple[BillFormat, Origin], list[Sniffed]] = {}
    for part in parts:
        months.setdefault((part.format, origin_of(part.named)), []).append(part)
    deliveries = [
        Delivery(
            bill_format,
            str(files[0].named),
            [task for part in files for task in tasks_of(part, prefixes)],
            tuple(map(fingerprint, files)),
            origin.report,
            origin.assembly,
        )
        for (bill_format, origin), files in sorted(months.items())
    ]
    deliveries += [
        Delivery(
            source.format, str(part.named), table_tasks(source), (fingerprint(part),),
            origin_of(part.named).report,
        )
        for part, source in reports
    ]  # fmt: skip
    if not deliveries:
        raise BillError(f"{', '.join(map(str, paths))}: no bill there")
    try:
        return import_deliveries(store, deliveries, prefixes, progress)
    except BillError as error:
        if not is_misread(error):
            raise
        sources = [tabular_source([part]) for part in parts]
        with placed(sources, [rows_of(source, prefixes) for source in sources]):
            raise


def _told_apart(group: list[Sniffed]) -> Iterable[list[Sniffed]]:
    """Return files in groups of the same columns where names of columns differ only in case.

    A union by name would take tags Team and team for one, and knows no names without a header.
    """
    names = {name for part in group for name in part.columns}
    if group[0].has_header and len({name.lower() for name in names}) == len(names):
        return [group]
    same: dict[tuple[str, ...], list[Sniffed]] = {}
    for part in group:
        same.setdefault(part.columns, []).append(part)
    return same.values()


def _by_schema_kind(parts: Sequence[Sniffed]) -> Iterable[list[Sniffed]]:
    """Return one file of each set of columns: enough to find a missing one."""
    return [[part] for part in {(p.format, p.columns): p for p in parts}.values()]


def _sniffed(found: LocalFiles, columns: Sequence[str]) -> Iterable[Sniffed]:
    for file in found.files:
        # Folders hold other JSON too: only answers of Cost Explorer are bills.
        if file in found.from_folder and file.suffix == ".json" and not _has_results(file):
            continue
        archive = found.archives.get(file)
        try:
            yield replace(sniff(file, columns, archive), archive=archive)
        except BillError as error:
            if archive is None:
                raise
            shown = str(error).replace(str(file), f"{archive}/{file.name}")
            raise BillError(shown) from error


def _has_results(file: Path) -> bool:
    with file.open("rb") as opened:
        return b"ResultsByTime" in opened.read(1 << 16)


def _small_source(part: Sniffed) -> BillSource:
    match part.format:
        case BillFormat.COST_EXPLORER:
            return cost_explorer_source(part.path)
        case BillFormat.CONSOLE_CSV:
            return console_source(part.path)
        case _:
            return legacy_report_source(part.path, part.skip)


def _check_granularity(sources: Sequence[BillSource]) -> None:
    """Refuse Cost Explorer files of different granularity: the same cost would count twice."""
    lengths: dict[str, str] = {}
    for source in sources:
        if source.format not in (BillFormat.COST_EXPLORER, BillFormat.CONSOLE_CSV):
            continue
        (table,) = source.tables.values()
        spans = zip(
            table["ChargePeriodStart"].to_pylist(),
            table["ChargePeriodEnd"].to_pylist(),
            strict=True,
        )
        days = max((end - start).total_seconds() / 86_400 for start, end in spans)
        lengths["monthly" if days > 1 else "daily" if days > 0.5 else "hourly"] = source.label
    if len(lengths) > 1:
        kinds = ", ".join(f"{kind} ({label})" for kind, label in lengths.items())
        raise BillError(f"mixed granularities would count twice: {kinds}; give one of them")


def _with_mixture_issue(sources: list[BillSource]) -> list[BillSource]:
    """Say that a month may be there twice: in files of two formats, or in CSV and in Parquet."""
    scans = {kind for kind in ("read_csv(", "read_parquet(")
             for source in sources if kind in source.scan}  # fmt: skip
    formats = dict.fromkeys(str(source.format) for source in sources)
    if len(formats) > 1:
        what = f"several formats are added up ({', '.join(formats)})"
    elif len(scans) > 1:
        what = "CSV and Parquet files are added up"
    else:
        return sources
    message = f"{what}: a month that is in two of them counts twice"
    issue = Issue(IssueReason.DATA_QUALITY, sources[0].label, message)
    return [replace(sources[0], issues=(*sources[0].issues, issue)), *sources[1:]]
