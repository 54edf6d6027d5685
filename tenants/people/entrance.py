"""What follows a right password: the code of a phone, or the enrolment of one."""

from __future__ import annotations

from flask import Response, request, url_for
from flask import session as forms

from core.access import open_to_all, services
from core.errors import LifecircleError, NotSignedIn
from core.web.pages.blueprint import page, said, see
from tenants.people import totp
from tenants.people.models import Step, User
from tenants.people.pages import admitted, blueprint, cookie, device, landing, with_cookie
from tenants.people.signing import enrol, sign_in_by_code, step_of

__all__ = ["blueprint"]  # of pages, with the views of this module on it


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@open_to_all
def code() -> Response:
    """Ask for a code of the phone or a recovery code; of who has no phone, for an enrolment code.

    Staff without a phone type the code that an administrator gave them, and go on to enrol one.
    """
    to = landing(request.values.get("next", ""))
    opened = services()
    user = _waiting(Step.CODE)
    if user is None:
        return _back(to)
    enrolled = user.totp_since is not None
    if request.method == "GET":
        return page("people/code.html", to=to, enrolled=enrolled)
    try:
        signed = sign_in_by_code(
            opened.database,
            cookie(),
            request.form.get("code", ""),
            secret_key=opened.config.secret_key,
            device=device(),
        )
    except NotSignedIn as error:
        return page("people/code.html", error.status, to=to, enrolled=enrolled, wrong=said(error))
    return admitted(signed, to)


@blueprint.route("/sign-in/phone", methods=["GET", "POST"])
@open_to_all
def phone() -> Response:
    """Lead a member of staff to enrol a phone; who does not is not signed in."""
    to = landing(request.values.get("next", ""))
    user = _waiting(Step.ENROL)
    if user is None:
        return _back(to)
    if request.method == "GET":
        return _ask(user, to)
    opened = services()
    try:
        with opened.database.unbound(user.id) as session:
            signed, codes = enrol(
                session,
                cookie(),
                request.form.get("code", ""),
                secret_key=opened.config.secret_key,
                device=device(),
            )
    except LifecircleError as error:
        return _ask(user, to, error)
    forms.clear()  # before the page's own form is drawn, not after
    return with_cookie(page("people/codes.html", to=to, codes=codes), signed, fresh=False)


def _ask(user: User, to: str, error: LifecircleError | None = None) -> Response:
    opened = services()
    with opened.database.unbound(user.id) as session:
        row = session.get_one(User, user.id)
        secret = totp.begin(session, row, opened.config.secret_key)
    side, dark = totp.picture(totp.address(secret, user.login))
    return page(
        "people/phone.html",
        200 if error is None else error.status,
        to=to,
        secret=totp.spelled(secret),
        side=side,
        dark=dark,
        wrong=None if error is None else said(error),
    )


def _waiting(step: Step) -> User | None:
    """Give who is asked for this step, by the cookie that their password gave them."""
    with services().database.unbound() as session:
        found = step_of(session, cookie())
        if found is None or found[1] is not step:
            return None
        session.expunge(found[0])
        return found[0]


def _back(to: str) -> Response:
    return see(url_for("people_pages.sign_in", next=to))
