"""Where bills lie: files, folders, archives, manifests and S3 prefixes, as local files.

Objects of a bucket are fetched to a folder that lives as long as the bill; credentials come from
the usual chain (environment, profile, instance role).
"""

import re
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from costmodel.errors import BillError, MissingDependencyError, one_line
from costmodel.io.bills.assembly import current_files, is_data, is_manifest, manifest_keys
from costmodel.io.bills.unpack import check_zip


@dataclass
class LocalFiles:
    """Files to read, the archives some are from, and what must stay alive while they are."""

    files: list[Path] = field(default_factory=list)
    from_folder: set[Path] = field(default_factory=set)
    archives: dict[Path, Path] = field(default_factory=dict)
    keep: list[Any] = field(default_factory=list)

    def add(self, files: list[Path], *, from_folder: bool) -> None:
        """Add files, archives unpacked."""
        for file in files:
            unpacked = list(self._unpacked(file))
            self.files += unpacked
            self.from_folder |= set(unpacked) if from_folder else set()

    def folder(self) -> Path:
        """Return a new folder that lives as long as the bill."""
        made = tempfile.TemporaryDirectory(prefix="costmodel-bill-")
        self.keep.append(made)
        return Path(made.name)

    def _unpacked(self, file: Path) -> Iterator[Path]:
        with file.open("rb") as opened:
            is_zip = opened.read(4) == b"PK\x03\x04"
        if not is_zip:
            yield file
            return
        target = self.folder()
        try:
            with zipfile.ZipFile(file) as archive:
                check_zip(file, archive)
                members = [member for member in archive.infolist() if not member.is_dir()]
                data = [member for member in members if is_data(member.filename)]
                for member in data or members:
                    if not member.filename.startswith("__MACOSX"):
                        unpacked = Path(archive.extract(member, target))
                        self.archives[unpacked] = file
                        yield unpacked
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise BillError(f"{file}: the zip file is damaged: download it again") from error


def local_files(paths: tuple[str | Path, ...]) -> LocalFiles:
    """Return the files behind paths, current assemblies only.

    Raises:
        BillError: a path does not exist, or a folder holds no bill.
    """
    found = LocalFiles()
    for path in paths:
        if str(path).startswith("s3://"):
            found.add(_fetch(str(path), found.folder()), from_folder=True)
        else:
            _add_path(found, Path(path))
    found.files = list(dict.fromkeys(found.files))
    return found


def _add_path(found: LocalFiles, path: Path) -> None:
    if not path.exists():
        raise BillError(f"{path}: no such file or folder")
    if path.is_file() and is_manifest(path.name):
        found.add(_manifest_targets(path), from_folder=False)
    elif path.is_file():
        found.add([path], from_folder=False)
    else:
        found.add(_folder_files(path), from_folder=True)


def _folder_files(folder: Path) -> list[Path]:
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    # A folder of one month or one assembly is named itself: its own name decides.
    names = [f"{folder.resolve().name}/{name}" for name in names]

    def real(name: str) -> Path:
        return folder / PurePosixPath(name).relative_to(folder.resolve().name)

    files = [real(name) for name in current_files(names, lambda n: _text(real(n)))]
    if not files:
        raise BillError(f"{folder}: no bill in this folder (CSV, Parquet, JSON or zip)")
    return files


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BillError(f"{path}: not UTF-8: fetch the manifest again") from error


def _manifest_targets(manifest: Path) -> list[Path]:
    """Return the files of a manifest given by name, wherever near it they lie."""
    files = []
    for key in manifest_keys(str(manifest), _text(manifest)):
        parts = PurePosixPath(key).parts
        tails = [Path(*parts[first:]) for first in range(len(parts))]
        bases = [manifest.parent, *manifest.parent.parents[:4]]
        near = (base / tail for tail in tails for base in bases)
        file = next((path for path in near if path.is_file()), None)
        if file is None:
            raise BillError(f"{manifest}: names {key}, which is not near it: fetch it too")
        files.append(file)
    return files


def _fetch(uri: str, target: Path) -> list[Path]:
    """Copy the current files of an S3 prefix to a folder."""
    try:
        from pyarrow import fs
    except ImportError as error:
        raise MissingDependencyError("pyarrow", "aws") from error
    try:
        bucket, root = fs.FileSystem.from_uri(uri)
        infos = _listing(bucket, root)
        names = {info.path: info for info in infos if info.type == fs.FileType.File}
        wanted = current_files(
            list(names), lambda name: bucket.open_input_stream(name).read().decode("utf-8-sig")
        )
        files = []
        for name in wanted:
            file = target / PurePosixPath(name).relative_to(PurePosixPath(name).parts[0])
            file.parent.mkdir(parents=True, exist_ok=True)
            fs.copy_files(name, str(file), source_filesystem=bucket, use_threads=False)
            files.append(file)
    except (OSError, ValueError) as error:
        raise BillError(f"{_public(uri)}: cannot be read: {one_line(error)}") from error
    if not files:
        raise BillError(f"{_public(uri)}: no bill under this prefix")
    return files


def _public(uri: str) -> str:
    """Return a URI without the keys it may carry."""
    return re.sub(r"//[^/@]*@", "//", uri).split("?")[0]


def _listing(bucket: Any, root: str) -> list[Any]:
    from pyarrow import fs

    info = bucket.get_file_info(root)
    if info.type == fs.FileType.File:
        return [info]
    if info.type == fs.FileType.NotFound:
        return []
    found: list[Any] = bucket.get_file_info(fs.FileSelector(root, recursive=True))
    return found
