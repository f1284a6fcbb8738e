"""This site's own OpenID provider; without it the site is a relying party only."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the provider to `app`, unless PROVIDER is off."""
    from app.provider import views

    if app.config["PROVIDER"] != "off":
        app.register_blueprint(views.bp)
