"""XMP packets (ISO 16684-1) with the PLUS, IPTC and Dublin Core fields that readers know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from postguard.protect.metadata.statement import Statement, clean, cut

# One JPEG APP1 segment: 65,533 bytes less the 29 of its name and the 2 that Pillow keeps back.
LIMIT = 65_502
_LONGEST_URL = 2_000

_PLUS_TERM = "http://ns.useplus.org/ldf/vocab/"
_ODRL = {
    "RightsExprEncType": "application/ld+json",
    "RightsExprLangId": "http://www.w3.org/ns/odrl/2/",
}
_SOURCE_TERM = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}


def packet(statement: Statement, limit: int = LIMIT) -> bytes:
    """Return the XMP packet, at most `limit` bytes: overlong texts are cut between graphemes.

    Raises:
        ValueError: `limit` is smaller than a packet without any free text.
    """
    whole = _packet(statement, limit)
    if len(whole) <= limit:
        return whole
    fits, too_long = 0, limit
    while too_long - fits > 1:
        longest = (fits + too_long) // 2
        if len(_packet(statement, longest)) <= limit:
            fits = longest
        else:
            too_long = longest
    smallest = _packet(statement, fits)
    if len(smallest) > limit:
        raise ValueError(f"an XMP packet needs {len(smallest)} bytes, not {limit}")
    return smallest


def _packet(statement: Statement, longest: int) -> bytes:
    """Serialise with every free text cut to `longest` bytes."""
    names = "".join(
        f"\n    xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in _NAMESPACES.items()
    )
    body = "".join(f"   {element}\n" for element in _elements(statement, longest) if element)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f'  <rdf:Description rdf:about=""{names}>\n{body}'
        "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()


def _elements(s: Statement, longest: int) -> Iterable[str]:
    """Yield one XML element for each field (IPTC Photo Metadata Standard 2025.1), or nothing."""

    def free(text: str) -> str:
        return cut(clean(text), longest)

    def each(texts: Mapping[str, str]) -> Mapping[str, str]:
        return {lang: free(text) for lang, text in texts.items()}

    web = clean(s.web) if len(clean(s.web)) <= _LONGEST_URL else ""
    yield _text("plus:DataMining", _PLUS_TERM + s.mining if s.mining else "")
    yield _languages("plus:OtherConstraints", each(s.constraints))
    yield _policy(clean(s.policy))
    yield _array("dc:creator", "Seq", [free(s.creator)])
    yield _languages("dc:rights", {"": free(s.rights)})
    yield _text("xmpRights:Marked", "True" if s.rights or s.usage else "")
    yield _languages("xmpRights:UsageTerms", each(s.usage))
    yield _text("xmpRights:WebStatement", web)
    licensor = {"plus:LicensorName": free(s.creator), "plus:LicensorURL": web} if web else {}
    yield _structure("plus:Licensor", "Seq", licensor)
    yield _text("photoshop:Credit", free(s.credit))
    yield _languages("dc:description", {"": free(s.description)})
    yield _languages("Iptc4xmpCore:AltTextAccessibility", {"": free(s.alt)})
    yield _languages("Iptc4xmpCore:ExtDescrAccessibility", {"": free(s.extended)})
    source = _SOURCE_TERM + s.source_type if s.source_type else ""
    yield _text("Iptc4xmpExt:DigitalSourceType", source)
    yield _array("dc:subject", "Bag", s.keywords)


def _policy(policy: str) -> str:
    """Rights in a language of their own: linked where `policy` is a URL, else as they are."""
    if not policy:
        return ""
    linked = policy.startswith(("http://", "https://"))
    kind, text = (
        ("LinkedEncRightsExpr", "LinkedRightsExpr")
        if linked
        else ("EmbdEncRightsExpr", "EncRightsExpr")
    )
    fields = {text: policy, **_ODRL}
    named = {f"Iptc4xmpExt:{name}": value for name, value in fields.items()}
    return _structure(f"Iptc4xmpExt:{kind}", "Bag", named)


def _text(name: str, value: str) -> str:
    """A simple property."""
    return f"<{name}>{escape(value)}</{name}>" if value else ""


def _array(name: str, kind: str, values: Iterable[str]) -> str:
    """An ordered (`Seq`) or unordered (`Bag`) array."""
    items = "".join(f"<rdf:li>{escape(value)}</rdf:li>" for value in values if value)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>" if items else ""


def _structure(name: str, kind: str, fields: Mapping[str, str]) -> str:
    """An array of one structure."""
    inside = "".join(_text(field, value) for field, value in fields.items())
    item = f'<rdf:li rdf:parseType="Resource">{inside}</rdf:li>'
    return f"<{name}><rdf:{kind}>{item}</rdf:{kind}></{name}>" if inside else ""


def _languages(name: str, texts: Mapping[str, str]) -> str:
    """A language alternative: the first text is also the default, as the XMP standard asks."""
    said = {lang: text for lang, text in texts.items() if text}
    tagged = {"x-default": next(iter(said.values()), ""), **said}
    items = "".join(
        f"<rdf:li xml:lang={quoteattr(lang)}>{escape(text)}</rdf:li>"
        for lang, text in tagged.items()
        if lang
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>" if said else ""
