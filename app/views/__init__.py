"""The pages, one blueprint a concern: what a visitor sends and what comes back.

A view asks a form, calls a verb of `app/models` or a query, and renders a template.
"""

from flask import Flask

from app.views import (
    account,
    auth,
    blocks,
    data,
    errors,
    explore,
    feeds,
    health,
    invitations,
    joining,
    moderation,
    notifications,
    posts,
    profiles,
    proofs,
    reports,
    suspension,
)


def init_app(app: Flask) -> None:
    for module in (
        auth,
        joining,
        invitations,
        account,
        proofs,
        data,
        posts,
        profiles,
        blocks,
        reports,
        moderation,
        notifications,
        suspension,
        explore,
        feeds,
        health,
    ):
        app.register_blueprint(module.bp)
    errors.init_app(app)
