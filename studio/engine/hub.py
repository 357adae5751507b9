"""Downloads from the Hugging Face hub, and from places that speak as it does. Reached only by an artist's wish.

The life of one: `look_up` asks for the list of files with their sizes and checksums → it is shown, and agreed to →
`fetch` streams one file after another into a hidden folder, each into `NAME.part`, from where the last attempt ended →
its checksum is compared → it gets its name → when all are there, the folder gets its own, in one rename.
"""

import contextlib
import hashlib
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from studio.core.errors import DownloadError, SaveError
from studio.core.files import make_folder
from studio.core.hub import (
    PARTIAL,
    Fetched,
    Offer,
    Progress,
    RemoteFile,
    free_disk_bytes,
    gigabytes,
    repository_of,
)
from studio.core.hub_files import INDEX, files_of_model
from studio.core.models import read_model
from studio.core.shared_parts import SHARED, SharedPart

_WAIT_SECONDS = 10.0
"""For the network, before it is given up."""
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_INDEX_BYTES_MAX = 1 << 20
_TELL_SECONDS = 0.1
_CHUNK_BYTES = 1 << 20
_AGAIN = "Try again: it goes on from where it stopped."


class HuggingFaceHub:
    """A `Hub`. Reads the account's token, where the artist has one, as `huggingface_hub` does."""

    def __init__(self, endpoint: str | None = None) -> None:
        """`endpoint` instead of the address in HF_ENDPOINT, or the hub's own."""
        self._endpoint = endpoint
        self._response: Any | None = None

    def look_up(self, name: str, revision: str = "") -> Offer:
        """What would be fetched for `name`, with sizes and checksums as the hub tells them.

        Raises DownloadError, or OptionError where `name` is none.
        """
        if name.strip() in list(SharedPart):
            facts = SHARED[SharedPart(name.strip())]
            found, there = self._repository(facts.repository, revision)
            files = tuple(file for file in there if file.name in facts.files)
            if not facts.is_in({file.name for file in files}):
                raise DownloadError(facts.repository, f"it no longer holds the {facts.title}", "Copy it by hand.")
            return _offer(facts.repository, found, files, facts.place)
        repository = repository_of(name)
        found, there = self._repository(repository, revision)
        if not any(file.name == INDEX for file in there):
            raise DownloadError(
                repository,
                f"it has no {INDEX}",
                "Choose a model in the diffusers layout, or download its file by hand.",
            )
        with _told(repository):
            index = msgspec.json.decode(self._small(repository, INDEX, str(found.sha)), type=dict[str, Any])
        return _offer(repository, found, files_of_model(repository, index, there), repository.partition("/")[2])

    def fetch(self, offer: Offer, models: Path, progress: Progress) -> Path:
        """Download `offer` into `models`, and give the folder its name once everything in it is whole and checked.

        Raises DownloadError, ModelError for what turns out to be no model, and what `progress` raises.
        """
        target = models / offer.target
        if target.exists():
            raise DownloadError(offer.repository, f"{target} is there already", "Remove it to fetch it anew.")
        growing = models / PARTIAL / f"{offer.repository.replace('/', '--')}--{offer.revision}"
        with _told(offer.repository):
            make_folder(growing)
            there = sum(_size(each) for file in offer.files for each in _places(growing / file.name))
            _check_room(offer, models, offer.size_bytes - there)
            done = 0
            for file in offer.files:
                self._file(offer, file, growing / file.name, _from(done, offer.size_bytes, progress))
                done += file.size_bytes
            if offer.files[0].name == INDEX:
                read_model(growing)
            make_folder(target.parent)
            growing.rename(target)
        return target

    def interrupt(self) -> None:
        """From another thread: wake the one that reads, by closing what it reads from."""
        response = self._response
        if response is not None:
            with contextlib.suppress(OSError, KeyError, AttributeError):
                response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _repository(self, name: str, revision: str) -> tuple[Any, list[RemoteFile]]:
        with _told(name):
            found = HfApi(endpoint=self._endpoint).model_info(
                name, revision=revision or None, files_metadata=True, timeout=_WAIT_SECONDS
            )
            if not _COMMIT.fullmatch(str(found.sha)):  # it becomes a part of a folder's name
                raise ValueError(found.sha)
            return found, _files(found)

    def _small(self, repository: str, name: str, revision: str) -> bytes:
        with self._open(repository, name, revision, 0) as response:
            found = b""
            for chunk in response.iter_bytes():
                found += chunk
                if len(found) > _INDEX_BYTES_MAX:
                    raise DownloadError(repository, f"its {name} is too large", "Choose another model.")
            return found

    @contextlib.contextmanager
    def _open(self, repository: str, name: str, revision: str, start: int) -> Iterator[Any]:
        """The file's bytes from `start` on, where the answer's status is 206; else all."""
        url = hf_hub_url(repository, name, revision=revision, endpoint=self._endpoint)
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with get_session().stream("GET", url, headers=headers, timeout=_WAIT_SECONDS) as response:
            hf_raise_for_status(response)
            self._response = response
            try:
                yield response
            finally:
                self._response = None

    def _file(self, offer: Offer, file: RemoteFile, path: Path, progress: Progress) -> None:
        if _size(path) == file.size_bytes and path.exists():  # checked before it got its name
            progress(Fetched(file.name, file.size_bytes, file.size_bytes))
            return
        part = _part(path)
        make_folder(part.parent)
        digest = _Digest(file)
        start = digest.read(part, progress)
        if start < file.size_bytes or not start:
            self._stream(offer, file, part, digest, progress)
        if digest.count < file.size_bytes:
            raise DownloadError(offer.repository, f"{file.name} broke off", _AGAIN)
        if not digest.is_right:
            part.unlink()
            raise DownloadError(offer.repository, f"{file.name} arrived damaged", "Try again; the rest of it is kept.")
        part.replace(path)

    def _stream(self, offer: Offer, file: RemoteFile, part: Path, digest: "_Digest", progress: Progress) -> None:
        with self._open(offer.repository, file.name, offer.revision, digest.count) as response:
            is_rest = digest.count > 0 and response.status_code == 206
            if not is_rest:
                digest.restart()
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | (os.O_APPEND if is_rest else os.O_TRUNC)
            descriptor = os.open(part, flags, 0o666)
            try:
                for chunk in response.iter_bytes():
                    digest.update(chunk)
                    if digest.count > file.size_bytes:
                        break  # more than was agreed to
                    _write(descriptor, chunk)
                    progress(Fetched(file.name, digest.count, file.size_bytes))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class _Digest:
    """The checksum of a file in the making: SHA-256 of large ones, git's own of small ones."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self.restart()

    def restart(self) -> None:
        """Forget what was read."""
        self.count = 0
        self._hash = hashlib.sha256() if self._file.sha256 else hashlib.sha1(usedforsecurity=False)
        if not self._file.sha256:
            self._hash.update(b"blob %d\0" % self._file.size_bytes)

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(chunk)
        self.count += len(chunk)

    def read(self, part: Path, progress: Progress) -> int:
        """Take what an earlier attempt left in `part`; how many bytes that were."""
        if 0 < _size(part) <= self._file.size_bytes:
            with part.open("rb") as there:
                while chunk := there.read(_CHUNK_BYTES):
                    self.update(chunk)
                    progress(Fetched(self._file.name, self.count, self._file.size_bytes))
        return self.count

    @property
    def is_right(self) -> bool:
        """Whether these are the bytes that the hub told of."""
        wanted = self._file.sha256 or self._file.git_sha1
        return self.count == self._file.size_bytes and self._hash.hexdigest() == wanted


def _offer(repository: str, found: Any, files: tuple[RemoteFile, ...], target: str) -> Offer:
    licence = getattr(found.card_data, "license_name", None) or getattr(found.card_data, "license", None)
    said = next((tag.removeprefix("license:") for tag in found.tags or () if tag.startswith("license:")), "")
    return Offer(
        repository=repository, revision=str(found.sha), files=files, licence=str(licence or said)[:80], target=target
    )


def _files(found: Any) -> list[RemoteFile]:
    """The files whose size and checksum are told; others are not fetched."""
    told = (
        {"size_bytes": each.lfs.size, "sha256": each.lfs.sha256}
        if each.lfs
        else {"size_bytes": each.size, "git_sha1": each.blob_id}
        for each in found.siblings or ()
    )
    names = (each.rfilename for each in found.siblings or ())
    return [
        msgspec.convert({"name": name, **facts}, RemoteFile)
        for name, facts in zip(names, told, strict=True)
        if None not in facts.values()
    ]


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """What goes wrong on the way, as a sentence that says what to do."""
    try:
        yield
    except GatedRepoError as error:
        advice = "Accept its terms on its page, log in with `hf auth login`, and try again."
        raise DownloadError(name, "its maker asks who you are before it is given", advice) from error
    except (RepositoryNotFoundError, RevisionNotFoundError, RemoteEntryNotFoundError, HFValidationError) as error:
        advice = "Check maker, name and revision; for a private one, log in with `hf auth login`."
        raise DownloadError(name, "there is no such model, revision or file, or it is private", advice) from error
    except OfflineModeIsEnabled as error:
        raise DownloadError(name, "HF_HUB_OFFLINE is set", "Start the studio without it to download.") from error
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "an error")
        raise DownloadError(name, f"the hub answered {status}", "Try again later.") from error
    except HTTPError as error:
        raise DownloadError(name, f"the network failed ({type(error).__name__})", _AGAIN) from error
    except SaveError as error:
        raise DownloadError(name, "its folder cannot be made", str(error)) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise DownloadError(name, "the hub’s answer is not understood", "Try again later.") from error
    except OSError as error:
        raise DownloadError(name, f"a file could not be written ({error.strerror or error})", _AGAIN) from error


def _from(start: int, total: int, progress: Progress) -> Progress:
    """`progress` of one file as that of all; not more often than eyes follow."""
    told = -1.0

    def tell(fetched: Fetched) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _TELL_SECONDS or fetched.done_bytes == fetched.total_bytes:
            told = now
            progress(Fetched(fetched.name, start + fetched.done_bytes, total))

    return tell


def _check_room(offer: Offer, models: Path, needed_bytes: int) -> None:
    free = free_disk_bytes(models)
    if free is not None and free < needed_bytes:
        reason = f"{gigabytes(needed_bytes)} more are needed, and {gigabytes(free)} are free in {models}"
        raise DownloadError(offer.repository, reason, "Free some space, and try again.")


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _places(path: Path) -> tuple[Path, Path]:
    return path, _part(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # a write may take only a part
        rest = rest[os.write(descriptor, rest) :]
