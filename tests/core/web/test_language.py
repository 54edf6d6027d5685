from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask_babel import gettext

from core.web.language import COOKIE, TRANSLATIONS, locale

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("wish", "spoken"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hans-CN,en;q=0.8", "zh"),
        ("en-US,en;q=0.9", "en"),
        ("fr-FR,fr;q=0.9", "zh"),
        ("fr,en;q=0.5,zh;q=0.4", "en"),
        ("", "zh"),
    ],
)
def test_a_browser_gets_its_language_whatever_the_region(app, wish, spoken):
    with app.test_request_context("/", headers={"Accept-Language": wish}):
        assert locale() == spoken


def test_a_persons_choice_goes_before_the_browsers_wish(app):
    headers = {"Accept-Language": "zh-CN", "Cookie": f"{COOKIE}=en"}
    with app.test_request_context("/", headers=headers):
        assert locale() == "en"


def test_a_forged_choice_is_not_a_language(app):
    with app.test_request_context("/", headers={"Cookie": f"{COOKIE}=../../etc"}):
        assert locale() == "zh"


def test_chinese_sentences_are_their_own_translation(chinese):
    assert gettext("达标") == "达标"


def test_english_comes_straight_from_the_written_catalogue(english):
    assert gettext("达标") == "Met"


def test_every_sentence_of_the_pages_has_its_english():
    with (ROOT / "core/web/translations/babel.cfg").open(encoding="utf-8") as written:
        methods, options = parse_mapping_cfg(written)
    with (Path(TRANSLATIONS) / "en/LC_MESSAGES/messages.po").open("rb") as written:
        catalogue = read_po(written, locale="en")
    said = {found[2] for found in extract_from_dir(ROOT, methods, options)}
    assert "达标" in said
    missing = {sentence for sentence in said if not _english(catalogue, sentence)}
    assert missing == set()


def test_english_sentences_take_the_same_values_as_the_chinese():
    with (Path(TRANSLATIONS) / "en/LC_MESSAGES/messages.po").open("rb") as written:
        catalogue = read_po(written, locale="en")
    faults = [error for message in catalogue for error in message.check(catalogue)]
    assert faults == []


def _english(catalogue, sentence):
    message = catalogue.get(sentence)
    return message.string if message is not None and not message.fuzzy else ""
