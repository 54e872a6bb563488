"""Which drives are changed by other machines, unseen by this one's kernel."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
_REMOTE = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|fuse\..*|9p|virtiofs|vboxsf|vmhgfs|prl_fs|drvfs|afs|ceph|davfs"
    r"|ncpfs|glusterfs|lustre|ocfs2|gfs2?"
)


def remote(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the type of the network or shared drive that holds `path`; empty: a drive of this
    PC, or nobody can say."""
    try:
        text = mounts.read_text(errors="surrogateescape")
    except OSError:
        return ""
    kind = filesystem_of(path.resolve(), text)
    return kind if _REMOTE.fullmatch(kind) else ""


def filesystem_of(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds `path`, from the text of /proc/mounts.

    The last of the longest matching mount points counts: later mounts lie over earlier ones.
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004  # device, mount point, type
            continue
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[1])
        if path.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), fields[2]
    return kind
