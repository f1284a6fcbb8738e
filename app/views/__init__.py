"""The pages, one blueprint a concern."""

from flask import Flask

from app.views import auth, errors, feeds, health, openids, posts, profiles, proofs, reading


def init_app(app: Flask) -> None:
    for module in (auth, posts, reading, feeds, profiles, openids, proofs, health):
        app.register_blueprint(module.bp)
    errors.init_app(app)
