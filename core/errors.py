"""The few errors a person can meet: each a code, a status and a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class LifecircleError(Exception):
    """What went wrong, told to a person.

    Parameters
    ----------
    message
        A whole Chinese sentence: what happened, what did not change, what to do.
    english
        The same in English; the Chinese sentence where it is empty.
    details
        Machine-readable particulars, such as rows and columns; never a secret.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, english: str = "", details: Sequence[dict[str, object]] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.english = english or message
        self.details = tuple(details)


class Invalid(LifecircleError):
    """What was sent cannot be used: a field, a row, a file."""

    code = "invalid"
    status = 422


class NotSignedIn(LifecircleError):
    """Nobody is known to be asking."""

    code = "not_signed_in"
    status = 401


class Forbidden(LifecircleError):
    """The actor may see this place but not do this here."""

    code = "forbidden"
    status = 403


class NotFound(LifecircleError):
    """There is no such thing, or it is another's: both answer alike."""

    code = "not_found"
    status = 404


class Conflict(LifecircleError):
    """The thing changed meanwhile, or its state does not allow this."""

    code = "conflict"
    status = 409


class TooLarge(LifecircleError):
    """A file or a plan is beyond the limit."""

    code = "too_large"
    status = 413


class PluginFault(LifecircleError):
    """A plugin raised, or returned what the contract does not allow."""

    code = "plugin_fault"
    status = 500

    def __init__(self, plugin: str, hook: str, reason: str) -> None:
        super().__init__(
            f"插件 {plugin} 在 {hook} 时出错：{reason}。请联系插件作者或停用该插件。",
            english=f"Plugin {plugin} failed in {hook}: {reason}. Tell its author or turn it off.",
        )
        self.plugin = plugin
        self.hook = hook
        self.reason = reason


class TooMany(LifecircleError):
    """Somebody asks too often.

    Parameters
    ----------
    seconds
        After how many it is worth asking again.
    """

    code = "too_many"
    status = 429

    def __init__(self, message: str, *, english: str = "", seconds: int = 60) -> None:
        super().__init__(message, english=english)
        self.seconds = seconds


class Unavailable(LifecircleError):
    """A server that this needs does not answer."""

    code = "unavailable"
    status = 503


class Misconfigured(LifecircleError):
    """The operator has to change a setting before this can run."""

    code = "misconfigured"
    status = 500
