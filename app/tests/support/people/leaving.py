"""Miguel, who leaves a site where ingrid stays."""

import sqlalchemy as sa

from app import db
from app.models import (
    Identity,
    Post,
    User,
)
from app.provider.models import Account
from app.tests.support.base import SITE, Browser
from app.tests.support.openid.account import EndingCase


class LeavingCase(EndingCase):
    def setUp(self):
        super().setUp()
        self.miguel.write("of miguel")
        self.owner_of(SITE + "/id/ingrid").write("of ingrid")

    def leave(self, browser: Browser, button: str) -> Browser:
        browser.get(SITE + "/settings/data")
        browser.get(browser.page.links["Leave this site"])
        browser.submit(button=button, nickname="miguel")
        return browser

    def account(self) -> Account:
        db.session.rollback()
        return db.session.scalar(sa.select(Account).where(Account.username_key == "miguel"))

    def left(self) -> tuple[int, ...]:
        return tuple(self.count(model) for model in (User, Post, Identity))
