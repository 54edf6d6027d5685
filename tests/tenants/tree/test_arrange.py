"""Places renamed, moved, merged and split: ways below, history, refusals, whose data is whose."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from core.db import AuditEvent, Job, JobKind, Tenant, Upload, new_id
from core.db.audit import first_broken
from core.db.installation import InstallationEvent
from core.errors import Conflict, Invalid, NotFound
from tenants.people.models import Role
from tenants.people.operations import add_member
from tenants.tree.arrange import Part, merge, move, rename, split
from tenants.tree.history import history_of, names_of, places_by
from tenants.tree.models import PlaceHistory
from tenants.tree.operations import create_tenant, find_tenant
from tenants.tree.place import find_below, foretell

YESTERDAY = date(2024, 5, 1)


@pytest.fixture
def place(database):
    """Give a function that makes a place without a code below another."""

    def make(parent, name, slug=None):
        with database.unbound() as session:
            return create_tenant(session, name=name, parent_slug=parent, slug=slug).slug

    return make


@pytest.fixture
def city(place):
    """Make a city 甲市 with two districts, one of which has two streets; give slugs by name."""
    root = place(None, "甲市")
    made = {"甲市": root}
    for parent, name in (("甲市", "东区"), ("甲市", "西区"), ("东区", "一街"), ("东区", "二街")):
        made[name] = place(made[parent], name)
    return made


@pytest.fixture
def act(database, city):
    """Give a function that does something in the name of the city, in one transaction."""

    def do(verb, slug, *, by=None, actor=None, **how):
        with database.unbound(actor) as session:
            acting = find_tenant(session, by or city["甲市"])
            return verb(session, acting, find_tenant(session, slug), **resolved(session, how))

    return do


def resolved(session, how):
    return {
        name: find_tenant(session, value) if name in ("to", "into") else value
        for name, value in how.items()
    }


@pytest.fixture
def look(database):
    """Give a place's columns, also of one that works no more."""

    def read(slug):
        with database.unbound() as session:
            tenant = session.scalar(select(Tenant).where(Tenant.slug == slug))
            return tenant and (tenant.name, tenant.path, tenant.state, tenant.id)

    return read


def changes(database, tenant_id):
    with database.unbound() as session:
        place = session.get_one(Tenant, tenant_id)
        return [row.change for row in history_of(session, place)]


def test_a_renamed_place_keeps_its_way_and_its_former_names(database, city, act, look):
    tenant_id = look(city["东区"])[3]
    act(rename, city["东区"], name="东城区", english="Dongcheng", since=YESTERDAY)
    act(rename, city["东区"], name="东明区", english="")
    assert look(city["东区"])[:2] == ("东明区", f"/{city['甲市']}/{city['东区']}/")
    with database.unbound() as session:
        rows = history_of(session, session.get_one(Tenant, tenant_id))
        names = [(one.name, one.since, one.until) for one in names_of(rows)]
    today = names[-1][1]
    assert names == [
        ("东区", None, YESTERDAY),
        ("东城区", YESTERDAY, today),
        ("东明区", today, None),
    ]


def test_a_new_code_changes_the_ways_below_and_the_address(database, tree):
    with database.unbound() as session:
        for code in ("3712", "371202", "371202001"):
            create_tenant(session, code=code, name=f"某{code}")
        laiwu = find_tenant(session, "371202")
        outcome = move(
            session, None, laiwu, to=find_tenant(session, "370100"), code="370116", since=YESTERDAY
        )
        street = find_tenant(session, "371202001")
        assert (laiwu.slug, laiwu.code, laiwu.path) == (
            "370116",
            "370116",
            "/cn/37/3701/370116/",
        )
        assert street.path == "/cn/37/3701/370116/371202001/"
        assert [one.code for one in outcome.strays] == ["371202001"]
        with pytest.raises(NotFound):
            find_tenant(session, "371202")
        found = places_by(session, find_tenant(session, "cn"), "371202", limit=9)
        assert {one.slug for one in found} == {"370116", "371202001"}


def test_a_moved_place_takes_all_below_with_it(city, act, look, place):
    other = place(city["甲市"], "南区")
    before = look(city["一街"])[3]
    outcome = act(move, city["一街"], to=other)
    assert look(city["一街"])[1] == f"/{city['甲市']}/{other}/{city['一街']}/"
    assert look(city["一街"])[3] == before
    assert [way.place.name for way in outcome.ways] == ["一街"]


def test_a_merged_place_leaves_its_children_to_the_other_and_keeps_its_rows(
    database, city, act, look
):
    east, west = look(city["东区"])[3], look(city["西区"])[3]
    with database.session(east) as session:
        session.add(Upload(filename="a.csv", media="text/csv", bytes=1, digest="x"))
    outcome = act(merge, city["东区"], into=city["西区"])
    way = f"/{city['甲市']}/{city['西区']}/"
    assert look(city["一街"])[1] == f"{way}{city['一街']}/"
    past = f"was-{city['东区']}"
    assert look(past)[1:3] == (f"{way}{past}/", "merged")
    assert look(city["东区"]) is None
    with database.session(east) as session:
        assert session.scalar(select(func.count()).select_from(Upload)) == 1
    with database.session(west) as session:
        assert session.scalar(select(func.count()).select_from(Upload)) == 0
    assert changes(database, east) == ["created", "merged"]
    assert changes(database, west) == ["created", "absorbed"]
    assert {one.name for one in outcome.others} == {"西区", "一街", "二街"}


def test_the_code_of_a_merged_place_is_free_again(database, tree):
    with database.unbound() as session:
        for code in ("370203", "370205"):
            if code == "370203":
                create_tenant(session, code="3702")
            create_tenant(session, code=code, name=f"区{code}")
        first, second = find_tenant(session, "370203"), find_tenant(session, "370205")
        merge(session, None, second, into=first)
        assert (second.slug, second.code, second.state) == ("was-370205", "370205", "merged")
        again = create_tenant(session, code="370205", name="新四方区")
        assert again.path == "/cn/37/3702/370205/"
        merge(session, None, again, into=first)
        assert again.slug == "was-370205-2"


def test_new_places_are_split_off_with_the_children_that_they_take(database, city, act, look):
    with database.unbound() as session:
        street = find_tenant(session, city["二街"])
        parts = (Part(name="新区", slug=f"new-{city['东区']}", takes=(street,)),)
        split(session, None, find_tenant(session, city["东区"]), parts=parts)
    new = f"new-{city['东区']}"
    assert look(new)[1] == f"/{city['甲市']}/{new}/"
    assert look(city["二街"])[1] == f"/{city['甲市']}/{new}/{city['二街']}/"
    assert look(city["一街"])[1].startswith(look(city["东区"])[1])
    assert changes(database, look(city["东区"])[3]) == ["created", "split"]
    assert changes(database, look(new)[3]) == ["created"]


def test_each_change_is_one_record_in_the_chain_of_who_acts(database, city, act, look, person):
    root, east = look(city["甲市"])[3], look(city["东区"])[3]

    def chain(tenant_id):
        with database.session(tenant_id) as session:
            assert first_broken(session) is None
            return [
                (event.action, event.actor_id)
                for event in session.scalars(select(AuditEvent).order_by(AuditEvent.number))
            ]

    before, below = chain(root), chain(east)
    who = new_id()
    act(rename, city["东区"], name="新东区", actor=who)
    act(move, city["一街"], to=city["西区"], actor=who)
    act(merge, city["东区"], into=city["西区"], actor=who)
    assert chain(root)[len(before) :] == [
        ("tenant.rename", who),
        ("tenant.move", who),
        ("tenant.merge", who),
    ]
    assert chain(east) == below


@pytest.mark.parametrize(
    ("verb", "what", "how"),
    [
        (move, "东区", {"to": "一街"}),
        (move, "东区", {"to": "东区"}),
        (move, "东区", {"to": "西区"}),
        (move, "东区", {"to": "甲市"}),
        (merge, "东区", {"into": "东区"}),
        (merge, "东区", {"into": "一街"}),
        (merge, "东区", {"into": "甲市"}),
        (rename, "东区", {"name": "西区"}),
        (rename, "东区", {"name": "东区"}),
        (rename, "东区", {"name": " "}),
        (rename, "东区", {"name": "某区", "code": "37"}),
        (rename, "东区", {"name": "某区", "since": date(2999, 1, 1)}),
        (split, "东区", {"parts": ()}),
        (split, "东区", {"parts": (Part(name="西区"),)}),
        (split, "东区", {"parts": (Part(name="乙区", slug="123"),)}),
        (move, "甲市", {"to": "东区"}),
        (merge, "甲市", {"into": "东区"}),
        (split, "甲市", {"parts": (Part(name="乙市"),)}),
    ],
)
def test_what_does_not_fit_changes_nothing(database, city, act, verb, what, how):
    def everything():
        with database.unbound() as session:
            rows = session.execute(select(Tenant.slug, Tenant.name, Tenant.path, Tenant.state))
            return sorted(map(tuple, rows))

    before = everything()
    named = {
        key: city.get(value, value) if key in ("to", "into") else value
        for key, value in how.items()
    }
    with pytest.raises((Invalid, Conflict)):
        act(verb, city[what], **named)
    assert everything() == before


def test_a_place_takes_no_code_by_itself(database, tree):
    with database.unbound() as session:
        jinan = find_tenant(session, "370100")
        with pytest.raises(Invalid, match="上级"):
            rename(session, jinan, jinan, name="济南市", code="370200")


def test_a_circle_is_called_one(city, act):
    with pytest.raises(Invalid, match="在它之下"):
        act(move, city["东区"], to=city["一街"])


def test_a_taken_name_of_a_child_stops_a_merger(city, act, place):
    place(city["西区"], "一街")
    with pytest.raises(Conflict, match="一街"):
        act(merge, city["东区"], into=city["西区"])


def test_a_change_does_not_take_effect_before_the_last_one(city, act):
    act(rename, city["东区"], name="东城区")
    with pytest.raises(Invalid, match="上一次"):
        act(rename, city["东区"], name="东明区", since=YESTERDAY)


@pytest.mark.parametrize("state", ["queued", "running"])
def test_work_that_goes_on_stops_a_move_and_a_merger(database, city, act, look, state):
    with database.session(look(city["一街"])[3]) as session:
        job = Job(kind=JobKind.RUN, subject_id=new_id(), idempotency_key="k", state=state)
        session.add(job)
    for verb, slug, how in (
        (move, city["一街"], {"to": city["西区"]}),
        (merge, city["东区"], {"into": city["西区"]}),
    ):
        with pytest.raises(Conflict, match="一街"):
            act(verb, slug, **how)
    act(rename, city["一街"], name="一大街")


def test_a_place_acts_on_what_is_below_it_alone(database, city, act):
    with pytest.raises(NotFound):
        act(rename, city["西区"], name="某区", by=city["东区"])
    with pytest.raises(NotFound):
        act(move, city["一街"], to=city["西区"], by=city["东区"])
    act(rename, city["东区"], name="自改区", by=city["东区"])
    with database.unbound() as session:
        acting = find_tenant(session, city["东区"])
        said = []
        for slug in (city["西区"], "never-was"):
            with pytest.raises(NotFound) as caught:
                find_below(session, acting, slug)
            said.append(caught.value.message.replace(slug, "…"))
        assert said[0] == said[1]


def test_roles_above_follow_the_tree(services, database, city, act, look, person):
    from core.db import ParentSees  # noqa: PLC0415 - here alone
    from core.policy import Actor, Permission  # noqa: PLC0415 - here alone

    who = person()
    street = look(city["一街"])[3]
    with database.session(look(city["西区"])[3]) as session:
        add_member(session, who.id, Role.BUREAU_STAFF)
    with database.session(street) as session:
        session.get_one(Tenant, street).parent_sees = ParentSees.ALL
    actor = Actor(id=who.id, name="x")

    def sees():
        return services.policy.may(actor, Permission.DATA_READ, street)

    assert not sees()
    act(move, city["一街"], to=city["西区"])
    assert sees()
    act(move, city["一街"], to=city["东区"])
    assert not sees()


@pytest.mark.parametrize("sees", ["nothing", "submitted", "all"])
def test_the_data_of_a_merged_place_are_looked_at_and_not_touched(
    services, city, act, look, person, sees
):
    database = services.database
    from core.policy import Actor, Permission  # noqa: PLC0415 - here alone

    own, above = person(), person()
    east = look(city["东区"])[3]
    with database.session(east) as session:
        add_member(session, own.id, Role.BUREAU_ADMIN)
        session.get_one(Tenant, east).parent_sees = sees
    with database.session(look(city["西区"])[3]) as session:
        add_member(session, above.id, Role.BUREAU_ADMIN)
    act(merge, city["东区"], into=city["西区"])

    def allowed(who):
        actor = Actor(id=who.id, name="x")
        return {one for one in Permission if services.policy.may(actor, one, east)}

    mine = allowed(own)
    assert {Permission.TENANT_READ, Permission.DATA_READ, Permission.RUN_READ} <= mine
    assert Permission.PEOPLE_MANAGE in mine
    assert not mine & {Permission.DATA_IMPORT, Permission.RUN_START, Permission.RUN_SUBMIT}
    assert not mine & {Permission.PLUGIN_SET, Permission.TENANT_CREATE, Permission.TOKEN_MANAGE}
    looks = {Permission.TENANT_READ, Permission.DATA_READ, Permission.RUN_READ}
    assert bool(allowed(above) & looks) == (sees == "all")
    assert not allowed(above) - looks - {Permission.PLUGIN_READ}


def test_a_day_is_today_in_china_where_nobody_says_one(database, city, act):
    act(rename, city["东区"], name="东城区")
    with database.unbound() as session:
        row = history_of(session, find_tenant(session, city["东区"]))[-1]
        assert abs(row.since - row.created_at.date()) <= timedelta(days=1)


def test_only_one_changes_the_tree_at_a_time(database, city):
    turn = select(func.pg_try_advisory_xact_lock(func.hashtextextended("tree", 0)))
    with database.unbound() as session:
        rename(session, None, find_tenant(session, city["东区"]), name="东城区")
        with database.unbound() as other:
            assert other.scalar(turn) is False
    with database.unbound() as other:
        assert other.scalar(turn) is True


def test_what_is_only_told_leaves_no_trace(database, city, look):
    def traces():
        with database.unbound() as session:
            ours = session.scalar(select(func.count()).select_from(PlaceHistory))
            return ours, session.scalar(select(func.count()).select_from(InstallationEvent))

    before = traces(), look(city["东区"])

    def act(session):
        west = find_tenant(session, city["西区"])
        return merge(session, None, find_tenant(session, city["东区"]), into=west)

    outcome = foretell(database, None, act)
    assert outcome.place.slug == f"was-{city['东区']}"
    assert (traces(), look(city["东区"])) == before
    with database.unbound() as session:
        act(session)
    history, events = traces()
    assert (history > before[0][0], events) == (True, before[0][1] + 1)
