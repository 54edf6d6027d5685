import tomllib
from pathlib import Path

import plugins.basics

FORMATS = {each.key: each for each in plugins.basics.lifecircle_business_formats({})}
SLOTS = {"yi_dian", "yi_zao", "yi_cai", "yi_xiu", "yi_lao", "yi_xiao"}


def test_all_formats_are_there_in_both_languages():
    assert len(FORMATS) == 56
    assert all(each.name and each.english for each in FORMATS.values())
    assert FORMATS["wet_market"].name == "菜市场"


def test_each_of_the_six_ones_has_a_format():
    assert {each.slot for each in FORMATS.values()} >= SLOTS


def test_exceptions_stand_apart_from_what_they_are_exceptions_to():
    terms = FORMATS["supermarket"].terms
    assert terms.codes == ("0604",)
    assert terms.not_codes == ("060411", "060415")
    assert "母婴" in terms.not_words
    assert not any(word.startswith("!") for each in FORMATS.values() for word in each.terms.words)


def test_a_tag_or_code_means_one_format_only():
    owners = {}
    for each in FORMATS.values():
        for term in (*each.terms.codes, *each.terms.tags):
            owners.setdefault(term, []).append(each.key)
    assert {term: keys for term, keys in owners.items() if len(keys) > 1} == {}


def test_a_format_that_only_a_word_can_tell_says_so():
    for each in FORMATS.values():
        if not (each.terms.codes or each.terms.tags):
            assert each.terms.words
            assert each.note or each.key == "sports_ground_medium"


def test_the_workshop_has_many_services_and_may_host():
    workshop = FORMATS["workshop_multi"]
    assert workshop.can_host
    assert {"key_cutting", "appliance_repair", "home_haircut"} <= {
        each.key for each in workshop.services
    }


def test_the_file_lies_beside_the_code():
    folder = Path(plugins.basics.__file__).parent
    assert len(tomllib.loads((folder / "formats.toml").read_text("utf-8"))["format"]) == 56
