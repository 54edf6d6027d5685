"""A small OpenID provider with a real key, on a port of this machine; it lies when told to."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlencode

from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "lifecircle", "a secret of the client, long enough for HS256"


class House:
    """Vouches for one person at a time: whoever ``claims`` say. ``lie`` names what is wrong."""

    def __init__(self) -> None:
        self.key = new_key()
        self.published = [self.key]
        self.claims = {}
        self.lie = ""
        self.asked = []  # addresses that were asked for
        self.codes = {}
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _app(self):
        app = Flask("house")
        app.before_request(lambda: self.asked.append(request.path))
        app.add_url_rule("/.well-known/openid-configuration", view_func=self.discovery)
        app.add_url_rule("/authorize", view_func=self.authorize)
        app.add_url_rule("/token", view_func=self.token, methods=["POST"])
        app.add_url_rule("/jwks", view_func=self.jwks)
        return app

    def discovery(self):
        if self.lie == "discovery redirects":
            return redirect(f"{self.issuer}/elsewhere")
        if self.lie == "discovery is endless":
            return jsonify(issuer=self.issuer, filler="x" * 1_000_000)
        return jsonify(
            issuer="https://another.example" if self.lie == "discovery's issuer" else self.issuer,
            authorization_endpoint=f"{self.issuer}/authorize",
            token_endpoint="ftp://x/" if self.lie == "an address" else f"{self.issuer}/token",
            jwks_uri=f"{self.issuer}/jwks",
            authorization_response_iss_parameter_supported=True,
        )

    def authorize(self):
        asked = request.args
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = (asked["nonce"], asked["code_challenge"], asked["redirect_uri"])
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        if self.lie == "state":
            answer["state"] = secrets.token_urlsafe(32)
        if self.lie == "answer's issuer":
            answer["iss"] = "https://another.example"
        if self.lie == "no issuer in the answer":
            del answer["iss"]
        if self.lie == "declined":
            answer = {"error": "access_denied", "state": asked["state"], "iss": self.issuer}
        return redirect(f"{asked['redirect_uri']}?{urlencode(answer)}", 303)

    def token(self):
        known = b64decode(request.authorization.to_header().split()[1]).decode().split(":")
        nonce, challenge, redirect_uri = self.codes.pop(request.form["code"], ("", "", ""))
        verifier = request.form.get("code_verifier", "").encode()
        proved = urlsafe_b64encode(sha256(verifier).digest()).rstrip(b"=").decode()
        if (
            known[0] != CLIENT
            or proved != challenge
            or request.form["redirect_uri"] != redirect_uri
        ):
            return jsonify(error="invalid_grant"), 400
        if self.lie == "the token redirects":
            return redirect(f"{self.issuer}/elsewhere", 307)
        answer = {"access_token": "unused", "token_type": "Bearer"}
        if self.lie != "no identity token":
            answer["id_token"] = self.signed(nonce)
        return jsonify(answer)

    def jwks(self):
        listed = [key.as_dict(private=False) for key in self.published]
        return jsonify(keys=[*listed, {"kty": "oct", "k": "c2VjcmV0", "kid": "h"}])

    def signed(self, nonce):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.claims,
        }
        claims |= {
            "nonce": {"nonce": "another"},
            "issuer": {"iss": "https://another.example"},
            "expired": {"iat": now - 900, "exp": now - 600},
            "from the future": {"iat": now + 600, "exp": now + 900},
            "audience": {"aud": "another"},
            "two audiences": {"aud": [CLIENT, "another"]},
            "another party": {"aud": [CLIENT, "another"], "azp": "another"},
            "nobody": {"sub": ""},
            "a number": {"sub": 7},
        }.get(self.lie, {})
        if self.lie == "no expiry":
            del claims["exp"]
        if self.lie == "no nonce":
            del claims["nonce"]
        if self.lie == "alg none":
            return unsigned(claims)
        if self.lie == "signed with the client's secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        if self.lie == "signed with the public key":
            return forged(claims, self.key.as_pem(private=False))
        if self.lie == "a stranger's key":
            return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, new_key())
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


def new_key():
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})


def unsigned(claims):
    return _joined({"alg": "none", "typ": "JWT"}, claims) + "."


def forged(claims, public_key):
    """Sign with what everybody knows, as if it were a shared secret."""
    body = _joined({"alg": "HS256", "typ": "JWT"}, claims)
    return f"{body}.{_plain(hmac.digest(public_key, body.encode(), 'sha256'))}"


def _joined(*parts):
    return ".".join(_plain(json.dumps(part).encode()) for part in parts)


def _plain(octets):
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
