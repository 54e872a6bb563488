"""From a copy seen elsewhere to the post that it was taken from: by likeness and hidden mark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from postguard import imaging
from postguard.app.installation import Installation
from postguard.errors import BadPicture, Unusable
from postguard.imaging import Picture, exhibit, likeness, locating
from postguard.imaging.likeness import Candidate
from postguard.imaging.locating import Place
from postguard.language import _
from postguard.model import Artwork, Post, Progress, Receipt, Rendition
from postguard.protect import hidden
from postguard.store.likeness import Kept
from postguard.system import files
from postguard.system.folders import RENDITIONS, folder_of

Tell = Callable[[Progress], None]

_NEARLY_WHOLE, _LEAST_CROP = 0.9, 0.3  # share of a picture's area that a copy shows
_LOOKED_AT = 5  # candidates that are compared with the files themselves
# Of the rough resemblance in [-1, 1]: in bench/proving.py, copies had 0.6 and more.
_LEAST_ROUGH, _ABOUT_AS_WELL = 0.4, 0.1
_ALL_OF_IT = Place(1.0, mirrored=False, left=0, top=0, width=1, height=1)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a copy was taken from.

    Attributes:
        posted: the file that it was compared with; None: it is gone, its fingerprint was used.
        original: the artist's own file; `there`: it still lies where the ledger says.
    """

    post: Post
    artwork: Artwork
    rendition: Rendition
    posted: Path | None
    original: Path
    there: bool
    place: Place
    receipts: Mapping[str, Receipt]


@dataclass(frozen=True, slots=True)
class Sought:
    """What came of looking for a copy.

    Attributes:
        compared: how many pictures of the ledger it was compared with.
        unseen: posts that it was not, for their files are gone and they have no fingerprint.
        hidden: the post that the copy's hidden mark names; None: none can be read.
    """

    proof: Proof | None
    compared: int
    unseen: int
    hidden: int | None = None


def prove(installation: Installation, file: Path, sheet: Path | None, on_progress: Tell) -> Sought:
    """Look for the post that a copy was taken from. Raises BadPicture or Unusable."""
    if sheet is not None:
        files.check_folder_of(sheet)
        _spare(sheet, file)
    copy = _opened(installation, file)
    proving = _Proving(installation, copy, files.sha256_of(file), on_progress)
    unseen = proving.catch_up()
    proof = proving.proof()
    if proof is not None and sheet is not None:
        _spare(sheet, proof.original, proof.posted)
        files.write_whole(sheet, _sheet(installation, copy, proof), mode=0o644)
    compared = installation.store.likenesses.count()
    return Sought(proof, compared, unseen, proving.hidden(proof))


@dataclass(frozen=True, slots=True)
class _Likely:
    """A picture that the copy may be of, and how well the two agree at first sight."""

    kept: Kept
    candidate: Candidate
    rough: float


class _Proving:
    """One copy, and the ledger that it is looked for in."""

    def __init__(self, installation: Installation, copy: Picture, sha256: str, tell: Tell) -> None:
        self._installation = installation
        self._rows = installation.store.likenesses
        self._sha256 = sha256
        self._gray = likeness.gray(copy)
        self._tell = tell

    def catch_up(self) -> int:
        """Make the fingerprints of posts that were protected before there were any; return how
        many posts have none after that."""
        left, missing = 0, self._rows.without()
        for number, post_id in enumerate(missing):
            self._say("read", number / len(missing))
            made = self._fingerprints(post_id)
            if made:
                self._rows.keep(post_id, made)
            left += not made
        return left

    def proof(self) -> Proof | None:
        """Return what the copy was taken from: nearly whole copies are found at once, and one of
        the very bytes that went in or out without any look at pixels."""
        if (known := self._rows.with_bytes(self._sha256)) is not None:
            return self._told(*known, lambda _: _ALL_OF_IT)
        for least in (_NEARLY_WHOLE, _LEAST_CROP):
            found = self._among(self._candidates(least))
            if found is not None:
                return found
        return None

    def hidden(self, proof: Proof | None) -> int | None:
        """Return the post that the copy's own hidden mark names."""
        key = bytes.fromhex(self._installation.cloak_kit().artist_seed)
        if proof is None:
            return hidden.read_copy(self._gray, key, None, (1, 1)).post
        size = proof.rendition.width, proof.rendition.height
        return hidden.read_copy(self._gray, key, proof.place, size).post

    def _candidates(self, least: float) -> list[_Likely]:
        """Return what may be it, the likeliest first."""
        search = likeness.Search(self._gray, least)
        count, seen = self._rows.count(), 0
        for batch in self._rows.batches():
            search.add([kept.key for kept in batch], [kept.fingerprint for kept in batch])
            seen += len(batch)
            self._say("compare", seen / max(count, seen))
        found = []
        for one in search.best():
            kept = self._rows.of(one.key)
            if kept is not None:  # else its post was protected anew at this moment
                thumbnail = likeness.thumbnail(kept.fingerprint)
                rough = locating.resemblance(self._gray, thumbnail, one)
                found.append(_Likely(kept, one, rough))
        likely = [one for one in found if one.rough >= _LEAST_ROUGH]
        return sorted(likely, key=lambda one: -one.rough)[:_LOOKED_AT]

    def _among(self, likely: list[_Likely]) -> Proof | None:
        """Return the best of them. Behind one that is sure, only what resembles the copy about as
        well is looked at: another version of the same picture may be the nearer one."""
        best: Proof | None = None
        enough = 0.0
        for one in likely:
            if one.rough < enough:
                break
            proof = self._compared(one.kept, one.candidate)
            if proof is None or not proof.place.found:
                continue
            if best is None or proof.place.agreement > best.place.agreement:
                best = proof
            if best.place.sure:
                enough = likely[0].rough - _ABOUT_AS_WELL
        return best

    def _compared(self, kept: Kept, candidate: Candidate) -> Proof | None:
        """Compare with the file that was posted, else with what is kept of it."""

        def place(picture: Picture | None) -> Place:
            seen = likeness.gray(picture) if picture else likeness.thumbnail(kept.fingerprint)
            return locating.locate(self._gray, seen, candidate)

        return self._told(kept.post_id, kept.position, place)

    def _told(
        self, post_id: int, position: int, place: Callable[[Picture | None], Place]
    ) -> Proof | None:
        """Return what the ledger knows of a picture; `place`: where the copy lies in its largest
        file that can be read. None: the post was protected anew just now, without the picture."""
        post = self._installation.store.posts.get(post_id)
        artwork = next((a for a in post.artworks if a.position == position), None)
        renditions = [r for r in self._largest(post) if r.position == position]
        if artwork is None or not renditions:
            return None
        opened = ((r.path, self._readable(r.path)) for r in renditions)
        file, picture = next((pair for pair in opened if pair[1] is not None), (None, None))
        original = folder_of(self._installation.outbox, post) / artwork.name
        return Proof(
            post=post,
            artwork=artwork,
            rendition=renditions[0],
            posted=file,
            original=original,
            there=original.is_file(),
            place=place(picture),
            receipts=self._installation.store.deliveries.receipts(post.id),
        )

    def _fingerprints(self, post_id: int) -> dict[int, bytes]:
        made: dict[int, bytes] = {}
        for rendition in self._largest(self._installation.store.posts.get(post_id)):
            if rendition.position not in made:
                picture = self._readable(rendition.path)
                if picture is not None:
                    made[rendition.position] = likeness.fingerprint(picture)
        return made

    def _largest(self, post: Post) -> Iterator[Rendition]:
        """Yield a post's renditions, the largest first."""
        folder = folder_of(self._installation.outbox, post) / RENDITIONS
        found = self._installation.store.renditions.of_post(post.id, folder)
        yield from sorted(found, key=lambda r: -r.width * r.height)

    def _readable(self, path: Path) -> Picture | None:
        try:
            return _opened(self._installation, path)
        except BadPicture:
            return None

    def _say(self, step: str, fraction: float) -> None:
        self._tell(Progress(0, step, done=False, fraction=fraction))


def _opened(installation: Installation, file: Path) -> Picture:
    """Open a picture of whatever origin. Raises BadPicture."""
    most = installation.settings.intake.max_megapixels
    try:
        return imaging.open_picture(imaging.read(file, most), max_megapixels=most)
    except BadPicture as exc:
        raise BadPicture(f"{file}: {exc}") from exc


def _spare(sheet: Path, *evidence: Path | None) -> None:
    """Raise Unusable where the sheet would be written over what it is to show."""
    kept = [path for path in evidence if path is not None and path.exists()]
    if sheet.exists() and any(sheet.samefile(path) for path in kept):
        raise Unusable(
            _("{sheet} is what the sheet is to show; name another file").format(sheet=sheet)
        )


def _sheet(installation: Installation, copy: Picture, proof: Proof) -> bytes:
    original = _opened(installation, proof.original) if proof.there else None
    posted = _opened(installation, proof.posted) if proof.posted else original
    if posted is None:
        raise Unusable(
            _(
                "the files of this post are gone, so there is nothing to draw beside the copy; "
                "leave --sheet out to see what the ledger says"
            )
        )
    return exhibit.sheet(copy, posted, original, proof.place)
