"""A microblog: people sign in with an OpenID, write short posts and read each other."""

from flask import Flask

from app.extensions import compress, csrf, db, limiter, lm, storage_options
from app.openid.relying_party import oid
from app.web import origin
from config import read_settings

__all__ = ["create_app", "db", "lm", "oid"]


def create_app(debug: bool = False, **settings) -> Flask:
    """Make the application; `settings` go before the environment's.

    Raises SettingError, in one sentence, when a setting makes no sense.
    """
    from app import cli, provider, views
    from app.database import engine
    from app.failures import handlers
    from app.mail import queue
    from app.rendering import jinja
    from app.rendering.posts import articles
    from app.web import access, browser_session, headers, request_size
    from app.web.keys import secret_key
    from app.web.watching import request_log

    app = Flask(__name__)
    app.debug = debug
    with handlers.logged_start(app, settings):
        app.config.update(read_settings(**settings))
        app.config["SECRET_KEY"] = secret_key.chosen_or_kept(app.config["SECRET_KEY"])
        queue.init_app(app)
        handlers.init_app(app)
        request_log.init_app(app)
        if app.config["METRICS"]:
            from app.web.watching import metrics

            metrics.init_app(app)

        access.init_app(app)
        browser_session.init_app(app)
        engine.init_app(app)
        origin.init_app(app)
        request_size.init_app(app)
        csrf.init_app(app)
        # Its context processor would load the user for every template, the 500 page's too.
        lm.init_app(app, add_context_processor=False)
        uri = app.config["RATELIMIT_STORAGE_URI"]
        app.config["RATELIMIT_STORAGE_OPTIONS"] = storage_options(uri)
        limiter.init_app(app)
        compress.init_app(app)
        oid.init_app(app)

        jinja.init_app(app)
        articles.init_app(app)
        headers.init_app(app)
        views.init_app(app)
        provider.init_app(app)
        cli.init_app(app)
    return app
