"""Pages of the tree and of a place's plugins: found, previewed, done, refused, in two languages."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select

from core.db import Tenant
from tenants.tree.operations import create_tenant, find_tenant

_numbers = itertools.count()


@pytest.fixture
def districts(database, tree):
    """Make two places without codes below 济南市, one with a street; give their slugs."""
    number = next(_numbers)
    slugs = f"east-{number}", f"west-{number}", f"street-{number}"
    with database.unbound() as session:
        for slug, name, parent in (
            (slugs[0], f"东{number}区", "370100"),
            (slugs[1], f"西{number}区", "370100"),
            (slugs[2], f"某{number}街道", slugs[0]),
        ):
            create_tenant(session, name=name, slug=slug, parent_slug=parent)
    return slugs


@pytest.fixture
def admin(signed):
    return signed("bureau_admin", "370100")


def ways(database, *slugs):
    with database.unbound() as session:
        return list(session.scalars(select(Tenant.path).where(Tenant.slug.in_(slugs))))


def test_the_tree_shows_what_is_below_and_nothing_else(signed, districts):
    text = signed("community_worker", "370100").open("/t/370100/places").text
    assert f'href="/t/370100/places/{districts[2]}"' in text
    assert "市中区" in text
    assert "苏州" not in text
    assert "山东省" not in text.split("<main")[-1]
    assert "建立下级地区" not in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [("市中", True), ("370103", True), ("shizhong", True), ("%", False), ("苏州", False)],
)
def test_a_search_takes_names_and_codes(admin, asked, found):
    text = admin.open("/t/370100/places", query_string={"q": asked}).text
    assert ('href="/t/370100/places/370103"' in text) == found


def test_a_former_name_is_found(admin, database, districts):
    east, _, _ = districts
    page = f"/t/370100/places/{east}"
    name = admin.open(page).text.split("<h1")[1].split(">")[1].split("<")[0].strip()
    admin.send(f"{page}/rename", page=page, name="改名后的区", sure="yes")
    text = admin.open("/t/370100/places", query_string={"q": name}).text
    assert "改名后的区" in text
    history = admin.open(page).text
    assert name in history
    assert "改名或换代码" in history


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("rename", {"name": "新名区"}),
        ("move", {"to": "west"}),
        ("merge", {"into": "west"}),
        ("split", {"name": "分出的区", "takes": "street"}),
    ],
)
def test_a_preview_changes_nothing_and_its_button_does_it(admin, database, districts, verb, form):
    known = dict(zip(("east", "west", "street"), districts, strict=True))
    what = "street" if verb == "move" else "east"
    sent = {key: known.get(value, value) for key, value in form.items()}
    page = f"/t/370100/places/{known[what]}"
    before = ways(database, *districts)
    preview = admin.send(f"{page}/{verb}", page=page, **sent)
    assert preview.status_code == 200
    assert "还没有改变任何东西" in preview.text
    assert 'name="sure" value="yes"' in preview.text
    assert ways(database, *districts) == before
    done = admin.send(f"{page}/{verb}", page=page, **sent, sure="yes")
    assert done.status_code == 303
    assert admin.open(done.location).status_code == 200
    if verb != "rename":
        assert ways(database, *districts) != before


def test_what_is_refused_is_told_on_the_page(admin, districts):
    east = districts[0]
    page = f"/t/370100/places/{east}"
    for form in (
        {"name": " ", "code": "1"},
        {"since": "yesterday"},
        {"since": "2999-01-01", "name": "丁"},
    ):
        answer = admin.send(f"{page}/rename", page=page, **form)
        assert answer.status_code == 422
        assert "没有改变" in answer.text
    assert admin.send(f"{page}/merge", page=page, into=districts[2]).status_code == 422
    foreign = admin.send(f"{page}/move", page=page, to="320000")
    nowhere = admin.send(f"{page}/move", page=page, to="999999")
    assert foreign.status_code == nowhere.status_code == 404
    assert admin.open("/t/370100/places/320500").status_code == 404


def test_only_who_may_arrange_places_is_offered_and_allowed_it(signed, districts):
    browser = signed("bureau_staff", "370100")
    page = f"/t/370100/places/{districts[0]}"
    assert "换上级" not in browser.open(page).text
    answer = browser.send(f"{page}/rename", page="/account", name="丁")
    assert answer.status_code == 403


def test_a_place_is_made_from_the_page_by_its_code(admin, database):
    answer = admin.send("/t/370100/places", page="/t/370100/places", code="370114")
    assert answer.location == "/t/370100/places/370114"
    with database.unbound() as session:
        assert find_tenant(session, "370114").name == "章丘区"
    again = admin.send("/t/370100/places", page="/t/370100/places", code="370114")
    assert again.status_code == 409
    assert "没有建立" in again.text


def test_plugins_tell_what_counts_and_who_said_so(signed, admin):
    page = "/t/370100/plugins"
    assert "没有人单独设置，按默认。" in admin.open(page).text
    answer = admin.send(f"{page}/osm", page=page, state="off", locked="yes")
    assert answer.location == page
    assert "已锁定，下级都按它。" in admin.open(page).text
    below = signed("bureau_admin", "370103")
    there = "/t/370103/plugins"
    text = below.open(there).text
    assert "按济南市的设置。" in text
    assert "已被锁定，本地区不能改。" in text
    refused = below.send(f"{there}/osm", page=there, state="on")
    assert refused.status_code == 403
    assert "济南市已锁定" in refused.text
    assert admin.send(f"{page}/osm/forget", page=page).location == page
    assert "按济南市的设置。" not in below.open(there).text


def test_a_declared_setting_is_a_field_and_is_kept(admin):
    page = "/t/370100/plugins"
    assert 'name="s-no_major_incidents"' in admin.open(page).text
    admin.send(f"{page}/jinan", page=page, state="on", **{"s-no_major_incidents": "yes"})
    field = admin.open(page).text.split('name="s-no_major_incidents"')[1][:40]
    assert "checked" in field
    admin.send(f"{page}/jinan/forget", page=page)
    assert admin.send(f"{page}/nothing", page=page, state="on").status_code == 404


def test_the_pages_speak_english(admin, districts):
    admin.send("/language", page="/t/370100/places", language="en", next="/")
    for path in ("/t/370100/places", f"/t/370100/places/{districts[0]}", "/t/370100/plugins"):
        main = admin.open(path).text.split("<main")[-1].split("</main>")[0]
        for word in ("地区", "代码", "插件", "锁定", "生效", "启用", "变更"):
            assert word not in main.replace("济南市便民生活圈", ""), (path, word)
