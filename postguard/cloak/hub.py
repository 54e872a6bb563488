"""Asks the Hugging Face hub for a model's files and downloads them; only `models fetch` does that.

Its library is imported inside functions: it comes with the extra `cloak`. hf_hub_download is not
used, for it throws half a file away when it is interrupted; the session, the login, the mirror
(HF_ENDPOINT) and the errors are the library's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from postguard.cloak.catalogue import FILES, Model
from postguard.errors import Unusable
from postguard.language import _
from postguard.system import files

_TIMEOUT = 30.0  # seconds without a byte
_PARTIAL = 206
_BUSY = (429, 500, 502, 503, 504)
_NOT_LOGGED_IN = 401


@dataclass(frozen=True, slots=True)
class Announced:
    """One file as the hub announces it.

    Attributes:
        path: in the repository; `name`: of the file itself.
        sha256: of a big file; empty for a small one, which has its git hash alone.
        blob: git's SHA-1 of what git itself keeps: the small file, or a pointer to the big one.
    """

    path: str
    name: str
    size: int
    sha256: str
    blob: str

    @property
    def digest(self) -> str:
        """What tells this file from any other version of it."""
        return self.sha256 or self.blob

    def is_genuine(self, path: Path) -> bool:
        """Return whether the bytes on disk are those announced."""
        if path.stat().st_size != self.size:
            return False
        return (files.sha256_of(path) if self.sha256 else _git_hash(path)) == self.digest


@dataclass(frozen=True, slots=True)
class Listing:
    """What a fetch has to get. `revision`: 40 hex digits, whatever was asked for."""

    revision: str
    files: tuple[Announced, ...]


def listing(model: Model, revision: str | None) -> Listing:
    """Ask for a model's files at a revision, or at the newest. Raises Unusable in words."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # it counts what an artist's PC runs
    from huggingface_hub import HfApi

    with _in_words(model, revision):
        info = HfApi(endpoint=_endpoint()).model_info(
            model.repository, revision=revision, files_metadata=True, timeout=_TIMEOUT
        )
    by_path = {s.rfilename: s for s in info.siblings or []}
    paths = [f"{model.subfolder}/{n}" if model.subfolder else n for n in FILES]
    if missing := [path for path in paths if path not in by_path]:
        raise Unusable(
            _("{repository} has no {missing} at {revision}; nothing was changed").format(
                repository=model.repository,
                missing=_(" and no ").join(missing),
                revision=revision or "present",
            )
        )
    return Listing(str(info.sha), tuple(_announced(by_path[path]) for path in paths))


def download(
    model: Model, revision: str, wanted: Announced, part: Path, on_bytes: Callable[[int], None]
) -> None:
    """Append to `part` what it lacks of a file; `on_bytes` hears how much of it there is.

    A connection that is cut is taken up again for as long as each try brings something.

    Raises:
        Unusable: nothing came any more; `part` keeps what did.
    """
    import httpx2
    from huggingface_hub import hf_hub_url

    url = hf_hub_url(model.repository, wanted.path, revision=revision, endpoint=_endpoint())
    with _in_words(model, revision):
        while (had := _size(part)) < wanted.size:
            try:
                _append(url, wanted.size, part, on_bytes)
            except httpx2.TransportError:
                if _size(part) <= had:
                    raise
            else:
                return


def _append(url: str, size: int, part: Path, on_bytes: Callable[[int], None]) -> None:
    """Stream the rest of a file to the end of `part`, and not a byte beyond `size`."""
    from huggingface_hub import utils

    hf: Any = utils  # it exports on demand, which mypy cannot see
    have = _size(part)
    headers = hf.build_hf_headers() | {"Accept-Encoding": "identity", "Range": f"bytes={have}-"}
    request: dict[str, Any] = {"headers": headers, "timeout": _TIMEOUT, "max_retries": 2}
    quiet: dict[str, Any] = {"retry_on_exceptions": (), "retry_on_status_codes": (429,)}
    with hf.http_stream_backoff("GET", url, **request, **quiet) as response:
        hf.hf_raise_for_status(response)
        if response.status_code != _PARTIAL:  # it sends the whole file
            have = 0
        with part.open("ab" if have else "wb") as file:
            for chunk in response.iter_bytes():  # as they come: a cut must lose none
                file.write(chunk[: size - have])
                have = min(have + len(chunk), size)
                on_bytes(have)


def _announced(sibling: Any) -> Announced:  # noqa: ANN401  # the library's, which mypy cannot see
    lfs = sibling.lfs
    return Announced(
        path=sibling.rfilename,
        name=Path(sibling.rfilename).name,
        size=int(lfs.size if lfs else sibling.size),
        sha256=str(lfs.sha256) if lfs else "",
        blob=str(sibling.blob_id),
    )


@contextmanager
def _in_words(model: Model, revision: str | None) -> Iterator[None]:
    """Raise Unusable for what the hub or the way to it did.

    Never in the library's words: these hold addresses, and an address may hold a password.
    """
    import httpx2
    from huggingface_hub import errors

    page = f"https://huggingface.co/{model.repository}"
    try:
        yield
    except errors.OfflineModeIsEnabled as exc:
        raise Unusable(
            _("HF_HUB_OFFLINE forbids downloads; unset it, or {by_hand}").format(
                by_hand=_by_hand(model)
            )
        ) from exc
    except errors.GatedRepoError as exc:
        raise Unusable(
            _("{repository} wants you to agree to its terms: {log_in}").format(
                repository=model.repository, log_in=_log_in(page)
            )
        ) from exc
    except errors.RevisionNotFoundError as exc:
        raise Unusable(
            _("{repository} has no revision {revision}").format(
                repository=model.repository, revision=revision
            )
        ) from exc
    except errors.HfHubHTTPError as exc:
        raise Unusable(_refusal(model, exc.response.status_code, page)) from exc
    except httpx2.HTTPError as exc:
        raise Unusable(
            _(
                "{host} cannot be reached, or fell silent; look at the network and the proxy, "
                "then run this again: what has come of {name} is kept. Or {by_hand}"
            ).format(host=_host(), name=model.name, by_hand=_by_hand(model))
        ) from exc


def _refusal(model: Model, status: int, page: str) -> str:
    if status == _NOT_LOGGED_IN:
        return _("{host} does not show {repository}: {log_in}").format(
            host=_host(), repository=model.repository, log_in=_log_in(page)
        )
    later = _("; try again later: what has come is kept") if status in _BUSY else ""
    return _("{host} answered {status} when asked for {repository}{later}").format(
        host=_host(), status=status, repository=model.repository, later=later
    )


def _log_in(page: str) -> str:
    return _(
        "open {page} with your account, then log in here with `hf auth login` and try again"
    ).format(page=page)


def _by_hand(model: Model) -> str:
    return _(
        "copy the model's folder from a PC that has it: postguard models fetch {name} --from "
        "FOLDER"
    ).format(name=model.name)


def _endpoint() -> str | None:
    """Return the mirror that the artist uses, if any; read now, for the library reads it once."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


def _host() -> str:
    """Return the hub's name alone: its address may hold a password."""
    return urlsplit(_endpoint() or "https://huggingface.co").hostname or _("the hub")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _git_hash(path: Path) -> str:
    """Git's own hash of a small file; SHA-1, for the hub announces nothing else of it."""
    data = path.read_bytes()
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
