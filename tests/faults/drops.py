"""What the artist of a campaign drops: pictures with and without text, sets, Japanese, and equal
words on purpose."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from tests.system.rig import png, put

SIZE = (72, 48)  # pixels: what is protected is real, and quickly done
TEXTS = (
    "",
    "きつねの夜 #一次創作",
    "A fox at night, drawn with too much blue.",
    "月の下のきつね。\n色は三つだけ 🦊 #イラスト #fox",
    "WIP → finished! https://example.com/works?page=2",
    "ﾊﾝｶｸ と 全角　と ｅｍｏｊｉ 👩🏽‍🎨",
)
ALTS = ("赤い狐が月を見上げている", "A red fox looking up", "きつね、二匹。", "狐 fox 🦊")
SKIES, FEDIS = ("sky1", "sky2"), ("fedi1", "fedi2")


@dataclass(frozen=True)
class Drop:
    """One drop: its pictures' bytes, and the words that must stand beside each."""

    name: str
    text: str
    alts: tuple[str, ...]
    accounts: tuple[str, ...]
    seeds: tuple[int, ...]

    @property
    def words(self) -> tuple[str, tuple[str, ...]]:
        """Its text and alt texts, which other drops may have as well."""
        return self.text, self.alts

    def put_into(self, outbox: Path) -> None:
        """Let it appear, whole, as a picture with its sidecar or as a folder."""
        if len(self.seeds) == 1:
            put(outbox / f"{Path(self.name).stem}.toml", self._words(self.alts[0]).encode())
            put(outbox / self.name, png(self.seeds[0], SIZE))
            return
        draft = outbox.parent / f"draft-{self.name}"
        draft.mkdir()
        for number, seed in enumerate(self.seeds):
            (draft / f"{number}.png").write_bytes(png(seed, SIZE))
        alts = {f"{number}.png": alt for number, alt in enumerate(self.alts)}
        (draft / "post.toml").write_text(self._words(alts), encoding="utf-8")
        draft.rename(outbox / self.name)

    def _words(self, alt: str | dict[str, str]) -> str:
        lines = [f"text = {_toml(self.text)}", f"to = {json.dumps(self.accounts)}", 'at = "now"']
        if isinstance(alt, str):
            return "\n".join([*lines, f"alt = {_toml(alt)}", ""])
        table = [f"{_toml(name)} = {_toml(words)}" for name, words in alt.items()]
        return "\n".join([*lines, "[alt]", *table, ""])


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def drops(seed: int, posts: int) -> list[Drop]:
    """So many drops; every fifth has the very words, alt texts and accounts of the one before."""
    draw, made = random.Random(f"{seed} drops"), list[Drop]()
    for number in range(posts):
        if number % 5 == 4:
            before = made[-1]
            words = (before.text, before.alts, before.accounts)
        else:
            words = _words(draw, number)
        pictures = tuple(seed * 100_000 + number * 10 + n for n in range(len(words[1])))
        name = f"絵{number}" if len(pictures) > 1 else f"狐{number}.png"
        made.append(Drop(name, *words, pictures))
    return made


def _words(draw: random.Random, number: int) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    text = draw.choice(TEXTS)
    if text and draw.random() < 0.7:  # the rest have the words of other drops by chance
        text = f"{text} {number}"
    pictures = draw.choices((1, 2, 3, 4), (12, 2, 1, 1))[0]
    alts = tuple(draw.choice(ALTS) for _ in range(pictures))
    return text, alts, _accounts(draw)


def _accounts(draw: random.Random) -> tuple[str, ...]:
    skies, fedis = draw.sample(SKIES, draw.randint(0, 2)), draw.sample(FEDIS, draw.randint(0, 2))
    return tuple(sorted(skies + fedis)) or (draw.choice(SKIES + FEDIS),)
