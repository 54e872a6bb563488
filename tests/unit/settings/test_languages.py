"""A language is a code of ISO 639, and not the country where it is spoken."""

import pytest

from postguard.settings.languages import is_language, meant


@pytest.mark.parametrize("tag", ["ja", "EN", "pt-BR", "zh-Hant-TW", "ain", "yue"])
def test_a_code_is_a_language(tag):
    assert is_language(tag)


@pytest.mark.parametrize(
    ("tag", "likely"),
    [
        ("jp", "ja"),
        ("JP", "ja"),
        ("cn", "zh"),
        ("kor", "ko"),
        ("jpn", "ja"),
        ("cn-Hant", "zh-Hant"),
        ("xx", ""),
        ("japanese", ""),
        ("日本語", ""),
        ("ja_JP", ""),
        ("", ""),
    ],
)
def test_what_is_none_is_refused_with_the_one_that_is_meant(tag, likely):
    assert not is_language(tag)
    assert meant(tag) == likely
