"""Telling the moderators of a post or a profile."""

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, url_for
from flask_login import login_required
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError

from app.extensions import limiter
from app.forms import ReportForm
from app.models import Report, Thing, User
from app.models.moderation.reports import CHOICES, MAX_REPORTS_A_DAY, TooManyReports
from app.queries import timelines
from app.rendering.posts.cards import linked
from app.views.posts import POST
from app.web.access import reader_id, user_key

bp = Blueprint("reports", __name__)

REPORT_LIMIT = "30 per minute"
limit_reports = limiter.shared_limit(REPORT_LIMIT, "report", key_func=user_key, methods=["POST"])

THANKS = "Thank you. The moderators will look at it, and you will be told what came of it."
AGAIN = "You have reported this already. You will be told what comes of it."
GONE = "It has been deleted meanwhile, so there is nothing left to report."
ENOUGH = (
    f"You have reported {MAX_REPORTS_A_DAY} things within a day, as many as one may. "
    "Please go on tomorrow."
)


@bp.route(f"{POST}/report", methods=["GET", "POST"])
@limit_reports
@login_required
def post(post_id: int):
    """Ask what is wrong with somebody else's post, and tell the moderators."""
    row = timelines.find(post_id, reader_id()) or abort(404)
    back = url_for("posts.post", post_id=post_id)
    return _report(Thing(row.user_id, row.id), row.nickname, back, linked(row))


@bp.route("/user/<nickname>/report", methods=["GET", "POST"])
@limit_reports
@login_required
def user(nickname: str):
    """Ask what is wrong with somebody else's profile, and tell the moderators."""
    found = User.find(nickname) or abort(404)
    back = url_for("profiles.user", nickname=found.nickname)
    return _report(Thing(found.id), found.nickname, back)


def _report(thing: Thing, nickname: str, back: str, text: Markup | None = None):
    if thing.user_id == g.user.id:
        abort(404)
    form, status = ReportForm(), 200
    if form.validate_on_submit():
        try:
            if Report.make(g.user.id, thing, form.choice.data or "", form.sentence.data or ""):
                current_app.logger.info("user %s reported %s", g.user.id, thing.key)
                flash(THANKS, "success")
            else:
                flash(GONE, "status")
                back = url_for("posts.index")
            return redirect(back)
        except IntegrityError:
            flash(AGAIN, "status")
            return redirect(back)
        except TooManyReports:
            form.sentence.errors, status = [ENOUGH], 429
    page = render_template(
        "reports/report.html",
        form=form,
        thing=thing,
        nickname=nickname,
        text=text,
        choices=CHOICES,
        back=back,
    )
    return page, 400 if form.errors and status == 200 else status
