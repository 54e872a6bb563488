"""`postguard ledger`: proof of what was posted when, with hashes, as CSV or as one HTML page.

It is this PC's word. What others can check are the addresses, and that a file has a hash.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from html import escape

from postguard.language import _, ngettext, spoken
from postguard.store.ledger import Entry

COLUMNS = (
    *("posted_at", "account", "url", "post", "picture", "original_sha256", "sent_sha256"),
    *("recipe", "read_back_at", "deleted"),
)
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid #8886;padding:.4rem .6rem;text-align:left;vertical-align:top}
code{font-size:12px;overflow-wrap:anywhere}
.deleted{opacity:.6;text-decoration:line-through}
@media(max-width:50rem){table,tbody,tr,td{display:block}thead{display:none}td{border:0}
tr{border-bottom:1px solid #8886;padding:.5rem 0}}
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}a{color:#8ab4f8}}
"""


def as_csv(entries: Iterable[Entry]) -> str:
    """Return the ledger as CSV, times in UTC. Pure."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(_row(each) for each in entries)
    return out.getvalue()


def as_html(entries: Sequence[Entry], artist: str, zone: tzinfo, now: datetime) -> str:
    """Return the ledger as one page that needs nothing else, in the artist's language. Pure."""
    title = _("What {artist} has posted").format(artist=artist or _("this artist"))
    heads = "".join(
        f"<th>{escape(head)}</th>" for head in (_("posted"), _("where"), _("picture"), "SHA-256")
    )
    rows = "\n".join(_html_row(each, zone) for each in entries)
    made = ngettext(
        "{count} picture; made {at}", "{count} pictures; made {at}", len(entries)
    ).format(count=len(entries), at=now.astimezone(zone).isoformat(" ", "minutes"))
    digest = hashlib.sha256(as_csv(entries).encode()).hexdigest()
    return f"""<!DOCTYPE html>
<html lang="{spoken()}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body><h1>{escape(title)}</h1>
<p>{escape(made)}</p>
<p>{escape(_honestly())}</p>
<table><thead><tr>{heads}</tr></thead><tbody>
{rows}
</tbody></table>
<p>{escape(_("SHA-256 of the same ledger as CSV:"))} <code>{digest}</code></p>
</body></html>
"""


def _honestly() -> str:
    return _(
        "This is the record of the artist's own PC. It shows which file was posted where and "
        "when; who holds a file can compare its SHA-256. The times are those of the networks and "
        "of this PC's clock. No authority has confirmed them."
    )


def _row(each: Entry) -> tuple[str, ...]:
    seen = "" if each.seen_at is None else each.seen_at.isoformat()
    return (
        *(each.at.isoformat(), each.account, each.url, str(each.post_id), each.picture),
        *(each.original, each.sent, each.recipe, seen, "yes" if each.deleted else ""),
    )


def _html_row(each: Entry, zone: tzinfo) -> str:
    kind = ' class="deleted"' if each.deleted else ""
    at = each.at.astimezone(zone).isoformat(" ", "seconds")
    sent = f"<br>{escape(_('as posted:'))} <code>{each.sent}</code>" if each.sent else ""
    return (
        f"<tr{kind}><td>{at}</td>"
        f'<td>{escape(each.account)}<br><a href="{escape(_address(each.url))}">'
        f"{escape(each.url)}</a></td>"
        f"<td>{escape(each.picture)}</td>"
        f"<td>{escape(_('original:'))} <code>{each.original}</code>{sent}</td></tr>"
    )


def _address(url: str) -> str:
    """Return an address that may be a link: nothing that a browser would run."""
    return url if url.startswith(("https://", "http://")) else ""
