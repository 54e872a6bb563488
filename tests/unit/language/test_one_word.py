"""One Japanese word for one thing: what lost does not come back, neither on the screen nor in the
docs. The words that won stand at the head of the Japanese catalogue."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.language.test_catalogues import kept, texts

DOCS = Path(__file__).parents[3] / "docs"

# What is refused, and what is said instead.
REFUSED = {
    r"不可視|隠し印|電子透かし": "隠しマーク",
    r"(?<![矢目])印(?!象|刷)|マーキング": "透かし, or 隠しマーク",
    r"画像→画像|(?<!image-to-image（)画像から画像|img2img": "image-to-image",
    r"インスタント|簡易クローク": "即席クローク",
    r"(?<!自宅)(?<!ニューラル)ネットワーク(?!内|または|とプロキシ|を指します)": "SNS",
    r"プラットフォーム": "SNS",
    r"弱いほう": "厳しいほう",
    r"(?<![見っ])越し": "を通したあと",
    r"浄化|精製|除去ソフト": "除去ツール",
    r"(?<![\d}])ステップ|工程": "手順",
    r"待ち順|順番待ち|キュー": "投稿待ち",
    r"スロット": "投稿枠",
    r"代替文|ALTテキスト|オルト": "代替テキスト（ALT）",
    r"見られる人 \|": "公開範囲",
    r"未収載": "ひかえめな公開",
    r"フォロワーのみ|フォロワーだけに": "フォロワー限定",
    r"警告文|コンテンツ警告": "閲覧注意の文（CW）",
    r"送信箱|アウトボックス": "outbox",
    r"ことわ[りる]|注意書き": "告知文",
    r"ドライラン|リハーサル": "試し",
    r"(?<!お)知らせ(?!る)|お知らせは": "通知",
    r"マシン|コンピュータ|パソコン": "PC",
    r"画素|\d ?ピクセル(?:以内|角)|[高幅] ?\d+ピクセル": "ピクセル, with a size px",
    r"(?:長|短)い辺": "長辺, 短辺",
    r"強さ": "強度",
    r"台帳|レシート|受領": "記録, 控え",
    r"撤回": "取り下げ",
    r"リトライ": "再試行",
    r"デフォルト": "既定",
    r"平らな塗り|平坦": "ベタ塗り",
    r"見本": "サンプル",
    r"元の(?:絵|画像)": "原画",
    r"完全な(?:保護|防御)": "完全に防げる手段はありません",
    r"アーティスト|著者|作家": "作者",
    r"スタイル|画風を隠す|免疫型": "画風クローク, 免疫クローク",
    r"収集プログラム|ボット": "クローラー",
    r"添え書き|そばに|そばの|サイドカー": "画像の隣",
    r"利用者": "ユーザー",
    r"眠": "スリープ",
    r"表示された状態": "SNSでの見え方",
    r"(?:ブラウザ|サーバ|フォルダ|メモリ|エンコーダ|ユーザ)(?!ー)": "with ー at its end",
    r"(?:書き|描き|取り)こ|読みと": "with the kanji: 書き込む, 読み取る",
}


def in_catalogue() -> Iterator[tuple[str, str]]:
    for message in kept("ja"):
        if message.id:
            for text in texts(message.string):
                yield texts(message.id)[0], text


def in_docs() -> Iterator[tuple[str, str]]:
    """Yield each line of the Japanese pages, without what is typed."""
    for path in sorted(DOCS.rglob("*.ja.md")):
        bare = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for line in bare.splitlines():
            yield path.name, re.sub(r"`[^`]*`", "", line)


@pytest.fixture(scope="module")
def spoken() -> list[tuple[str, str]]:
    return [*in_catalogue(), *in_docs()]


@pytest.mark.parametrize("refused", list(REFUSED))
def test_a_word_that_lost_does_not_come_back(spoken, refused):
    back = [(where, said) for where, text in spoken for said in re.findall(f".*?{refused}", text)]
    assert back == [], f"say {REFUSED[refused]}"


@pytest.mark.parametrize("refused", list(REFUSED))
def test_the_word_that_won_is_not_refused(refused):
    """The table itself: no row forbids what another one asks for."""
    assert not [won for won in REFUSED.values() if re.search(refused, won)]
