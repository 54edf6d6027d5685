import opening_hours
import pytest

from core.demo.trades import NIGHT_HOURS, read_trades
from plugins.basics import lifecircle_business_formats


@pytest.fixture(scope="module")
def trades():
    return read_trades()


@pytest.fixture(scope="module")
def formats():
    return {each.key: each for each in lifecircle_business_formats(settings={})}


def test_every_format_is_one_of_the_catalogue_by_key_and_name(trades, formats):
    assert {t.key: t.name for t in trades.every} == {
        t.key: formats[t.key].name for t in trades.every if t.key in formats
    }
    assert len({t.key for t in trades.every}) == len(trades.every)


def test_the_sample_has_nearly_every_format(trades, formats):
    assert set(formats) - {t.key for t in trades.every} == {"sports_ground_large"}


def test_every_hosted_word_means_its_format_and_no_other(trades, formats):
    for host, offers in trades.hosted.items():
        assert formats[host].can_host, host
        for word, key, chance in offers:
            named = [f.key for f in formats.values() if f.name == word]
            meant = named or [
                f.key
                for f in formats.values()
                if any(term in word for term in f.terms.words)
                and not any(term in word for term in f.terms.not_words)
            ]
            assert meant == [key], word
            assert 0 < chance <= 1
            assert "/" not in word  # a sheet's cell is split there
            assert "、" not in word


def test_all_hours_are_in_the_syntax_of_openstreetmap(trades):
    for trade in trades.every:
        for hours in (*trade.hours, NIGHT_HOURS):
            assert opening_hours.validate(hours), (trade.key, hours)


def test_every_taste_has_a_row_in_both_tables(trades):
    for trade in trades.every:
        assert trade.taste in trades.taste
        assert trade.taste in trades.street


@pytest.mark.parametrize("residents", [40_000, 100_000, 280_000, 1_000_000])
def test_commerce_adds_up_to_the_published_density(trades, residents):
    wanted = trades.wanted(residents)
    total = sum(wanted[trade.key] for trade in trades.commerce)
    assert total == round(11.6 * residents / 1000)
    assert min(wanted.values()) >= 1
