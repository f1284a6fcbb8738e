"""This site's own OpenID provider; without it the site is a relying party only."""

from flask import Flask, current_app


def init_app(app: Flask) -> None:
    """Add the provider to `app`, unless PROVIDER is off."""
    from app.provider import recovery as recovery_letters
    from app.provider.views import accounts, endpoint, recovery, second_factor, second_step

    if app.config["PROVIDER"] != "off":
        for module in (endpoint, accounts, second_step, second_factor, recovery):
            app.register_blueprint(module.bp)
        recovery_letters.init_app(app)


def consents_of(user) -> list:
    """Return what the accounts here whose identities belong to `user` allow to other sites."""
    from app.provider.models import Consent

    if current_app.config["PROVIDER"] == "off":
        return []
    return Consent.of(user.identifiers())


def account_of(user):
    """Return the account here with which `user` signs in, or None.

    Of several it is the one that was used in this browser, if it was one of them.
    """
    from app.provider.models import Account

    if current_app.config["PROVIDER"] == "off":
        return None
    return Account.of(user)
