"""Machine-readable statements around the picture: no AI training, whose it is, what it shows.

Tags are a declaration, not a lock: Mastodon strips them from what it shows, Bluesky keeps them in
the original file only. They count as the machine-readable reservation of rights that the EU's
Directive 2019/790, Article 4(3), asks for. Sources: PLUS vocabulary, IPTC Photo Metadata 2025.1.
"""

from __future__ import annotations

from postguard.imaging import Picture
from postguard.model import Json
from postguard.protect.metadata import exif, iim, xmp
from postguard.protect.metadata.statement import Statement
from postguard.protect.packets import Packets
from postguard.protect.steps import Scene
from postguard.settings import steps

_PLUS = {
    "ai-training": "DMI-PROHIBITED-AIMLTRAINING",
    "generative-ai-training": "DMI-PROHIBITED-GENAIMLTRAINING",
    "all-but-search": "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "all": "DMI-PROHIBITED",
    "see-constraints": "DMI-PROHIBITED-SEECONSTRAINT",
    "see-linked-rights": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
    "see-embedded-rights": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "unspecified": "DMI-UNSPECIFIED",
    "allowed": "DMI-ALLOWED",
}
_FORBIDDEN_USE = {
    "ai-training": {
        "en": "training, fine-tuning or data sets of AI or machine learning",
        "ja": "AI・機械学習の学習、追加学習（LoRA等）、データセット化",
    },
    "generative-ai-training": {
        "en": "training, fine-tuning or data sets of generative AI",
        "ja": "生成AIの学習、追加学習（LoRA等）、データセット化",
    },
    "all-but-search": {
        "en": "data mining other than search engine indexing; training, fine-tuning or data sets "
        "of AI or machine learning",
        "ja": "検索エンジンの索引以外のデータマイニング、AI・機械学習の学習、追加学習（LoRA等）、"
        "データセット化",
    },
    "all": {
        "en": "data mining of any kind; training, fine-tuning or data sets of AI or machine "
        "learning",
        "ja": "あらゆるデータマイニング、AI・機械学習の学習、追加学習（LoRA等）、データセット化",
    },
}
_CONSTRAINT = {
    "en": "This picture may not be used for {use}, nor as input of image-to-image or other AI "
    "generation, without written permission.",
    "ja": "この画像を、{use}に利用すること、および画像から画像を生成するAI（i2i）などに入力する"
    "ことを、書面による許可なく禁じます。",
}
_TERMS = {
    "en": "All rights reserved, the right of Article 4(3) of Directive (EU) 2019/790 included. ",
    "ja": "無断転載・無断使用禁止。EU指令2019/790第4条3項の権利を留保します。",
}
_SHORT = "NO AI TRAINING, NO AI USE／AI学習・AI利用禁止・無断転載禁止"
_KEYWORDS = ("noai", "noimageai")  # informal: in no standard, but people search for them
_DRAWN_BY_A_PERSON = "digitalCreation"  # IPTC digital source types, 2024-Q3


class Tags:
    """States in XMP, EXIF and IIM who made the picture and that no AI may use it."""

    def __init__(self, options: steps.Tags) -> None:
        self._options = options

    @property
    def mining(self) -> str:
        """What they say of AI, as the recipe writes it."""
        return self._options.mining

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the picture as it is and what its tags will state."""
        said = self._statement(scene)
        fields = ("creator", "rights", "credit", "web", "description", "alt")
        named: dict[str, Json] = {name: text for name in fields if (text := getattr(said, name))}
        return picture, {
            "mining": said.mining,
            "states": next(iter(said.constraints.values()), ""),
            "keywords": list(said.keywords),
            **named,
        }

    def packets(self, scene: Scene) -> Packets:
        """Return the blocks that state it; any Unicode survives, what XML forbids is dropped."""
        said = self._statement(scene)
        return Packets(xmp=xmp.packet(said), exif=exif.block(said), iim=iim.block(said))

    def _statement(self, scene: Scene) -> Statement:
        artist, options = scene.artist, self._options
        langs = tuple(dict.fromkeys([*artist.langs, "en", "ja"]))
        forbidden = _forbidden(options, langs)
        terms = _TERMS if options.forbids else {}
        return Statement(
            creator=artist.name,
            rights=artist.copyright,
            credit=options.credit or artist.name,
            web=artist.web,
            description=scene.description or scene.alt,
            alt=scene.alt,
            extended=_extended(scene),
            mining=_PLUS[options.mining],
            source_type=_DRAWN_BY_A_PERSON,
            policy=options.policy,
            short=options.constraints or (_SHORT if forbidden else ""),
            constraints=forbidden,
            usage={
                lang: (terms[lang] + forbidden.get(lang, "")).strip()
                for lang in langs
                if lang in terms
            },
            keywords=_KEYWORDS if options.mining in _FORBIDDEN_USE else (),
        )


def _forbidden(options: steps.Tags, langs: tuple[str, ...]) -> dict[str, str]:
    """Return what is forbidden by language: in the artist's own words, or in ours."""
    if options.constraints:
        return {langs[0]: options.constraints}
    uses = _FORBIDDEN_USE.get(options.mining, {})
    return {lang: _CONSTRAINT[lang].format(use=uses[lang]) for lang in langs if lang in uses}


def _extended(scene: Scene) -> str:
    """Return the post's description where it says more than the alt text does."""
    return scene.description if len(scene.description) > len(scene.alt) > 0 else ""
