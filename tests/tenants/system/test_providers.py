"""The operator's file of providers: read whole, or refused with what is wrong."""

from __future__ import annotations

import pytest

from core.config import Config
from core.errors import Misconfigured, NotFound
from tenants.people.models import Role
from tenants.system.providers import Grant, is_safe_address, providers_of

GOOD = """
site = "https://lifecircle.example.gov.cn/"
[providers.city]
name = "市统一认证"
issuer = "https://id.example.gov.cn/realm"
client_id = "lifecircle"
client_secret_file = "secret"
[[providers.city.roles]]
group = "g"
tenant = "370100"
role = "bureau_staff"
"""


def read(tmp_path, text):
    told = tmp_path / "providers.toml"
    told.write_text(text, encoding="utf-8")
    return providers_of(Config(oidc=str(told)))


def test_no_file_is_no_provider():
    assert providers_of(Config()).listed == ()


def test_a_file_is_read_with_its_defaults(tmp_path):
    provider = read(tmp_path, GOOD).find("city")
    assert provider.redirect_uri == "https://lifecircle.example.gov.cn/sign-in/by/city/return"
    assert provider.grants == (Grant(group="g", tenant="370100", role=Role.BUREAU_STAFF),)
    assert provider.scopes == ("openid", "profile")
    assert (provider.make_accounts, provider.groups_claim, provider.source) == (
        False, "groups", "oidc:city"
    )  # fmt: skip
    assert provider.english == provider.name


def test_a_secret_is_read_each_time_from_beside_the_file(tmp_path):
    provider = read(tmp_path, GOOD).find("city")
    with pytest.raises(Misconfigured):
        provider.secret()
    (tmp_path / "secret").write_text("one\n")
    assert provider.secret() == "one"
    (tmp_path / "secret").write_text("two")
    assert provider.secret() == "two"
    (tmp_path / "secret").write_text(" \n")
    with pytest.raises(Misconfigured):
        provider.secret()


def test_an_unknown_key_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        read(tmp_path, GOOD).find("other")


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("https://id.example", "http://id.example"),
        ("https://id.example", "https://user:word@id.example"),
        ("https://id.example.gov.cn/realm", "https://id.example.gov.cn/?x=1"),
        ('site = "https', 'site = "ftp'),
        ('site = "https://lifecircle.example.gov.cn/"', ""),
        ('"bureau_staff"', '"king"'),
        ('"bureau_staff"', '"system_admin"'),
        ("providers.city", "providers.Ci/ty"),
        ('client_id = "lifecircle"', ""),
        ("client_id", "clientid"),
        ('group = "g"', 'group = ""'),
        ("site =", "site"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, good, bad):
    assert good in GOOD
    with pytest.raises(Misconfigured, match="LIFECIRCLE_OIDC"):
        read(tmp_path, GOOD.replace(good, bad))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(Misconfigured):
        providers_of(Config(oidc=str(tmp_path / "none.toml")))


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://id.example/x", True),
        ("http://127.0.0.1:80/x", True),
        ("http://localhost/x", True),
        ("http://127.0.0.1.example/x", False),
        ("http://127.0.0.1@evil.example/x", False),
        ("http://2130706433/x", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://[::1", False),
        ("//id.example", False),
    ],
)
def test_which_addresses_a_provider_may_name(address, safe):
    assert is_safe_address(address) is safe
