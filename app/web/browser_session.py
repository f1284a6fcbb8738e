"""A browser's session: the one owner of its keys, of what a sign-in keeps and a sign-out leaves.

Flask's session is a signed cookie: whoever has it can read it, and an old copy of it comes back
as it was. Beside these keys it holds only what Flask, Flask-WTF and Flask-Login put there.
"""

from typing import NamedTuple

from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import UserMixin, login_user, logout_user
from itsdangerous import SignatureExpired, TimestampSigner

# Seconds by which the clock may have been ahead when a cookie was signed.
MAX_CLOCK_SKEW = 5 * 60

# The token of the sign-in at our own provider in this browser.
ACCOUNT = "account"
# What this browser has asked providers and is not answered, oldest first.
UNDER_WAY = "sign_ins"
# What was typed and waits for the page with its field, by the field's name.
TYPED = "typed"
# A reply that was typed signed out: the id of the post that it answers, and its text.
REPLY = "reply"
# In characters; the cookie has to stay small.
MAX_REPLY = 140
# Why the last sign-in failed, for the sign-in page.
PROBLEM = "problem"
NEWCOMER = "newcomer"
# The token of the invitation that was opened here.
INVITATION = "invitation"
# Who has proved an OpenID and is suspended, and when, in seconds since the epoch.
SUSPENDED = "suspended"
# That the password of an account at our own provider was right a moment ago.
PASSWORD_PROOF = "password_proof"

# Flask-Login's: who is signed in, and a note to itself to set its own cookie or take it back.
USER, REMEMBER = "_user_id", "_remember"
# Flask-Login's fingerprint of the browser and the age of its sign-in, at which nothing here looks.
UNUSED = ("_id", "_fresh")


class SkewedSigner(TimestampSigner):
    """Takes cookies of the near future: a clock that is put right signs nobody out."""

    def unsign(self, signed_value, max_age=None, return_timestamp=False):
        value, signed = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - signed.timestamp()
        if max_age is not None and not -MAX_CLOCK_SKEW <= age <= max_age:
            raise SignatureExpired("not of this time", payload=value, date_signed=signed)
        return (value, signed) if return_timestamp else value


class SessionInterface(SecureCookieSessionInterface):
    def get_signing_serializer(self, app):
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = SkewedSigner
        return serializer


def init_app(app: Flask) -> None:
    app.session_interface = SessionInterface()


class Newcomer(NamedTuple):
    """Somebody without a user who has proved an OpenID, as the session keeps it."""

    identifier: str
    email: str | None
    remember: bool
    # When it was proved, in seconds since the epoch.
    proved: int


class PasswordProof(NamedTuple):
    """That a password was right, which signs nobody in, as the session keeps it."""

    account_id: int
    # Of the password at that time.
    stamp: str
    # When it was typed, in seconds since the epoch.
    typed: int
    # Of the second factor that is to be set up, or None when a code is the next step.
    salt: str | None


def begin(user: UserMixin, remember: bool) -> None:
    """Show from now on that `user` is signed in, in a session that keeps nothing else.

    Except for the sign-in at our own provider: the two end apart from each other. And for the
    reply for the sake of which somebody signs in.
    """
    _keep_only(ACCOUNT, REPLY)
    renew(user, remember)


def renew(user: UserMixin, remember: bool) -> None:
    """Show a new token of the user who is signed in; all else in the session stays."""
    login_user(user, remember=remember)
    for key in UNUSED:
        session.pop(key, None)


def sign_out() -> None:
    """Leave nothing in this browser that signs anybody in again."""
    logout_user()
    # Without its note Flask-Login would leave its own cookie where it is.
    _keep_only(REMEMBER)


def begin_account(token: str) -> None:
    """Show the `token` of a new sign-in at our own provider from now on.

    Of the session before, who is signed in at the site and the sign-ins under way go on. With them
    goes the invitation by which a newcomer came, who may have made the account for it, and a reply.
    """
    _keep_only(USER, UNDER_WAY, INVITATION, REPLY)
    session[ACCOUNT] = token


def account_token() -> str | None:
    """Return the token of this browser's sign-in at our own provider, or None."""
    return session.get(ACCOUNT)


def sign_out_account() -> None:
    session.pop(ACCOUNT, None)


def set_password_proof(proof: PasswordProof) -> None:
    session[PASSWORD_PROOF] = list(proof)


def password_proof() -> PasswordProof | None:
    """Return what was proved by a password in this browser, whenever that was, or None."""
    kept = session.get(PASSWORD_PROOF)
    return PasswordProof(*kept) if kept else None


def delete_password_proof() -> None:
    session.pop(PASSWORD_PROOF, None)


def under_way() -> list[list]:
    """Return what this browser has asked providers, as `set_under_way` was given it."""
    return session.get(UNDER_WAY, [])


def set_under_way(asked: list[list]) -> None:
    _set(UNDER_WAY, asked)


def typed() -> dict[str, str]:
    """Return what waits for the page with its field, by the field's name."""
    kept = session.get(TYPED)
    return kept if isinstance(kept, dict) else {}


def set_typed(texts: dict[str, str]) -> None:
    _set(TYPED, texts)


def keep_reply(post_id: int, text: str) -> bool:
    """Keep a reply for the page of the post that it answers; False when there is no room for it."""
    if not 0 < len(text) <= MAX_REPLY:
        return False
    session[REPLY] = [post_id, text]
    return True


def take_reply(post_id: int) -> str:
    """Return, once, the reply to this post that was typed signed out, or ""."""
    kept = session.get(REPLY, [])
    if len(kept) != 2 or kept[0] != post_id:
        return ""
    del session[REPLY]
    return kept[1]


def set_problem(key: str) -> None:
    session[PROBLEM] = key


def take_problem() -> str | None:
    """Return, once, why the last sign-in failed, or None."""
    return session.pop(PROBLEM, None)


def set_newcomer(newcomer: Newcomer) -> None:
    session[NEWCOMER] = list(newcomer)


def newcomer() -> Newcomer | None:
    """Return who has proved an OpenID in this browser and is nobody here yet, or None."""
    kept = session.get(NEWCOMER, [])
    # One of a version before this has fewer parts, and proves the OpenID anew.
    return Newcomer(*kept) if len(kept) == len(Newcomer._fields) else None


def delete_newcomer() -> None:
    session.pop(NEWCOMER, None)


def set_invitation(token: str) -> None:
    session[INVITATION] = token


def invitation() -> str | None:
    """Return the token of the invitation that was opened in this browser, or None."""
    return session.get(INVITATION)


def delete_invitation() -> None:
    session.pop(INVITATION, None)


def set_suspended(user_id: int, proved: int) -> None:
    session[SUSPENDED] = [user_id, proved]


def suspended() -> tuple[int, int] | None:
    """Return who has proved an OpenID here and is suspended, and when; or None."""
    kept = session.get(SUSPENDED, [])
    return (kept[0], kept[1]) if len(kept) == 2 else None


def delete_suspended() -> None:
    session.pop(SUSPENDED, None)


def delete_flashes() -> None:
    """Leave unsaid what was to be said on the next page."""
    session.pop("_flashes", None)


def _set(key: str, value: list | dict) -> None:
    # What is empty takes no room in the cookie.
    if value:
        session[key] = value
    else:
        session.pop(key, None)


def _keep_only(*keys: str) -> None:
    kept = {key: session[key] for key in keys if key in session}
    session.clear()
    session.update(kept)
