"""The pages, one blueprint a concern: what a visitor sends and what comes back.

A view asks a form, calls a verb of `app/models` or a query, and renders a template.
"""

from flask import Flask

from app.views import auth, errors, explore, feeds, notifications, posts, profiles
from app.views.joining import applications as joining
from app.views.joining import invitations
from app.views.moderation import cases as moderation
from app.views.moderation import reports, suspension
from app.views.settings import account, blocks, data, email, proofs
from app.views.settings import notifications as hearing
from app.views.site import about, announcement, health


def init_app(app: Flask) -> None:
    for module in (
        auth,
        joining,
        invitations,
        account,
        email,
        proofs,
        data,
        posts,
        profiles,
        blocks,
        reports,
        moderation,
        notifications,
        hearing,
        suspension,
        explore,
        feeds,
        health,
        about,
        announcement,
    ):
        app.register_blueprint(module.bp)
    about.init_app(app)
    announcement.init_app(app)
    errors.init_app(app)
