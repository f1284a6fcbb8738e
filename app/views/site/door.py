"""The door: what this place is, its own accounts, and the OpenIDs of others."""

import re

from flask import current_app, flash, render_template, request

from app.forms import LoginForm
from app.forms.sign_in import chooses_openid
from app.models import nicknames
from app.models.joining.admission import told
from app.openid import asked
from app.openid.relying_party import SignInRefused, oid
from app.provider import entrance, sign_ins
from app.provider.forms import SignInForm
from app.provider.models import Account
from app.queries import timelines
from app.rendering.posts.articles import articles
from app.web import browser_session
from app.web.access import reader_id

# Posts below the forms, which show what the place is.
NEWEST = 5
# No address of the web: that has a scheme or a path, if it has an @.
E_MAIL = re.compile(r"[^@/:\s]+@[^@/:\s]+")
NEEDS_PASSWORD = (
    "That is not a web address, so it may be the name of your account here. "
    "Please type its password too."
)
NEEDS_USERNAME = "That is an e-mail address. An account here has a username: please type yours."


def is_for_account() -> bool:
    """Return whether this request is the door's form, sent to sign in with an account here."""
    return request.method == "POST" and _has_accounts() and not chooses_openid(request.form)


def enter():
    """Open an account with its password, and sign in at the site with what its provider says."""
    form, account = LoginForm(), SignInForm()
    if account.validate() and (opened := entrance.authenticate(account)):
        # Where it asks for a code, that is the provider's first page.
        entrance.enter(opened)
        try:
            return oid.try_own_provider(remember=form.remember_me.data)
        except SignInRefused as refused:
            account.password.errors = [str(refused)]
    return page(form, account), 400


def may_be_account(typed: str) -> bool:
    """Return whether what stands for an OpenID is rather a username or an e-mail address."""
    is_name = nicknames.SHAPE.fullmatch(typed) and "." not in typed
    return _has_accounts() and bool(is_name or E_MAIL.fullmatch(typed))


def is_account(typed: str) -> bool:
    """Return whether there is an account here of this username."""
    is_name = _has_accounts() and nicknames.SHAPE.fullmatch(typed)
    return bool(is_name and Account.find(typed))


def account_instead(form: LoginForm) -> str:
    """Return the door with what was typed for an OpenID as the account's username."""
    typed, form.openid.data = form.openid.data or "", ""
    flash(NEEDS_USERNAME if "@" in typed else NEEDS_PASSWORD, "status")
    return page(form, SignInForm(formdata=None, data={"username": typed}))


def page(form: LoginForm, account: SignInForm | None = None) -> str:
    """Return the door with its form, of which `account` is the part for accounts here."""
    if account is None:
        account = SignInForm(data={"username": asked.typed("username")})
    providers = current_app.config["OPENID_PROVIDERS"]
    newest = timelines.public(reader_id()).rows[:NEWEST] if current_app.config["PUBLIC"] else []
    return render_template(
        "auth/login.html",
        form=form,
        account=account,
        next=oid.get_next_url(),
        providers=[p["name"] for p in providers if "<username>" not in p["url"]],
        username_providers=[p["name"] for p in providers if "<username>" in p["url"]],
        own=sign_ins.current() if _has_accounts() else None,
        newest=articles(newest),
        **told(browser_session.invitation()),
    )


def _has_accounts() -> bool:
    return current_app.config["PROVIDER"] != "off"
