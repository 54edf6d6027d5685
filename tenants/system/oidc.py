"""OpenID Connect: ask a provider who somebody is, and believe only what is signed and was asked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.adapters import HTTPAdapter
from typing_extensions import override

from core.errors import NotSignedIn, Unavailable
from tenants.system.providers import Provider, is_safe_address

ALGORITHMS = ("RS256", "PS256", "ES256", "RS384", "ES384", "RS512", "ES512")  # public keys only
KEY_TYPES = frozenset({"RSA", "EC"})
ATTEMPT_SECONDS = 600
LEEWAY_SECONDS = 30  # between two clocks
KEPT_SECONDS = 3600  # discovery and keys; an unknown key asks again, once a minute at most
TIMEOUT_SECONDS = 5
LONGEST_ANSWER = 512 * 1024
LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A sign-in that was begun: kept by the browser that began it, in its signed cookie."""

    provider: str
    state: str
    nonce: str
    verifier: str
    to: str
    begun: int

    def kept(self) -> dict[str, Any]:
        """Give what the cookie keeps."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Any) -> Attempt | None:
        """Read what a cookie kept; ``None`` for anything else."""
        try:
            return cls(**kept)
        except TypeError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a provider says of somebody, checked."""

    subject: str
    login: str
    name: str
    groups: frozenset[str]


def begin(provider: Provider, to: str) -> tuple[str, Attempt]:
    """Give the provider's address to go to, and what to keep until its answer.

    Raises
    ------
    Unavailable
        The provider does not answer, or says that it is somebody else.
    """
    known = _discovered(provider.issuer, _bucket(KEPT_SECONDS))
    attempt = Attempt(
        provider=provider.key,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        to=to,
        begun=int(time.time()),
    )
    with _client(provider) as client:
        address, _state = client.create_authorization_url(
            known["authorization_endpoint"],
            state=attempt.state,
            code_verifier=attempt.verifier,
            nonce=attempt.nonce,
        )
    return str(address), attempt


def finish(provider: Provider, attempt: Attempt | None, answer: Mapping[str, str]) -> Claims:
    """Read a provider's answer: exchange its code and check what it says of whom.

    Parameters
    ----------
    provider
        Whose answer the address says it is.
    attempt
        What this browser kept; it is used up whatever comes of it.
    answer
        The address's words: ``state``, ``code``, perhaps ``iss`` and ``error``.

    Raises
    ------
    NotSignedIn
        Anything that does not fit; its details say what, for the events.
    Unavailable
        The provider does not answer.
    """
    if (
        attempt is None
        or attempt.provider != provider.key
        or not 0 <= time.time() - attempt.begun <= ATTEMPT_SECONDS
        or not _same(attempt.state, answer.get("state", ""))
    ):
        raise refused("state")
    known = _discovered(provider.issuer, _bucket(KEPT_SECONDS))
    says_issuer = known.get("authorization_response_iss_parameter_supported") is True
    if answer.get("iss", "" if says_issuer else provider.issuer) != provider.issuer:
        raise refused("issuer")
    if "error" in answer or not answer.get("code"):
        raise refused("declined")
    token = _exchanged(provider, known, attempt, answer["code"])
    claims = _checked(provider, known, attempt, token.get("id_token"))
    return Claims(
        subject=claims["sub"],
        login=_text(claims.get(provider.login_claim)),
        name=_text(claims.get("name")),
        groups=_texts(claims.get(provider.groups_claim)),
    )


def refused(why: str) -> NotSignedIn:
    """Make the one refusal of an answer that does not fit; ``why`` is for the events."""
    return NotSignedIn(
        "登录服务的答复与这次请求对不上、已过期，或者对方没有同意。没有登录；请回到登录页重新开始。",
        english="The sign-in service's answer does not fit this request, is too old, or it "
        "declined. You are not signed in; start again from the sign-in page.",
        details=({"why": why},),
    )


def _exchanged(
    provider: Provider, known: Mapping[str, Any], attempt: Attempt, code: str
) -> Mapping[str, Any]:
    """Exchange the code, once, for tokens."""
    methods = known.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
    try:
        with _client(provider, method) as client:
            token: Mapping[str, Any] = client.fetch_token(
                known["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=attempt.verifier,
                allow_redirects=False,
                timeout=TIMEOUT_SECONDS,
            )
    except OAuthError as error:
        raise refused("code") from error
    except (requests.RequestException, ValueError) as error:
        raise _silent() from error
    return token


def _checked(
    provider: Provider, known: Mapping[str, Any], attempt: Attempt, id_token: Any
) -> dict[str, Any]:
    """Check signature and claims of an identity token."""
    if not isinstance(id_token, str):
        raise refused("token")
    try:
        try:
            keys = _keys(known["jwks_uri"], _bucket(KEPT_SECONDS))
            read = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):  # perhaps the provider has new keys
            keys = _keys(known["jwks_uri"], -_bucket(60) - 1)
            read = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
        claims = read.claims
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": attempt.nonce},
        ).validate(claims)
    except (JoseError, ValueError) as error:
        raise refused("token") from error
    audience = claims["aud"]
    alone = isinstance(audience, str) or len(audience) == 1
    if claims.get("azp", provider.client_id if alone else None) != provider.client_id:
        raise refused("token")
    if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT or not claims["sub"].isprintable():
        raise refused("token")
    return claims


@lru_cache(maxsize=64)
def _discovered(issuer: str, bucket: int) -> Mapping[str, Any]:  # noqa: ARG001 - ends what is kept
    """Read what a provider says of itself; it has to say that it is the one we pinned."""
    known = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    addresses = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if known.get("issuer") != issuer or not all(
        isinstance(known.get(name), str) and is_safe_address(known[name]) for name in addresses
    ):
        raise _silent()
    return known


@lru_cache(maxsize=64)
def _keys(address: str, bucket: int) -> KeySet:  # noqa: ARG001 - ends what is kept
    """Read a provider's public keys that sign; a secret one among them is left out."""
    listed = _fetched(address).get("keys")
    usable = [
        key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict) and key.get("kty") in KEY_TYPES and key.get("use") != "enc"
    ]
    if not usable:
        raise _silent()
    return KeySet.import_key_set({"keys": usable})


def _fetched(address: str) -> dict[str, Any]:
    """Fetch a JSON object of a provider."""
    try:
        with requests.Session() as session:
            _hold(session)
            answer = session.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False)
            known = answer.json() if answer.status_code == requests.codes.ok else None
    except (requests.RequestException, ValueError) as error:
        raise _silent() from error
    if not isinstance(known, dict):
        raise _silent()
    return known


class _Short(HTTPAdapter):
    """Reads no more of an answer than a provider has to say."""

    @override
    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request and read its answer up to the limit."""
        response = super().send(request, *args, **(kwargs | {"stream": True}))
        body = response.raw.read(LONGEST_ANSWER + 1, decode_content=True)
        response.close()
        if len(body) > LONGEST_ANSWER:
            raise requests.ConnectionError("the answer is too long")
        response._content = body  # noqa: SLF001 - requests has no other way to hand a body over
        return response


def _client(provider: Provider, method: str = "client_secret_basic") -> OAuth2Session:
    client = OAuth2Session(
        provider.client_id,
        provider.secret(),
        scope=" ".join(provider.scopes),
        redirect_uri=provider.redirect_uri,
        token_endpoint_auth_method=method,
        code_challenge_method="S256",
    )
    _hold(client)
    return client


def _hold(session: requests.Session) -> None:
    """Let a session reach the provider alone: nothing of the environment, no long answers."""
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Short())


def _bucket(seconds: int) -> int:
    return int(time.monotonic() // seconds)


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode("utf-8", "surrogatepass"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> frozenset[str]:
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(each for each in listed if isinstance(each, str))


def _silent() -> Unavailable:
    return Unavailable(
        "登录服务没有应答，或答复不能用。没有登录；请稍后重试，或用密码登录。",
        english="The sign-in service does not answer, or not in a way that can be used. You are "
        "not signed in; try again shortly, or sign in with a password.",
    )
