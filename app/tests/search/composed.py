"""Search finds a letter with its accent, typed as one character or as two, from either."""

import unicodedata
from urllib.parse import quote

import flask_migrate
import sqlalchemy as sa

from app import create_app, db
from app.database.upgrade import upgrade
from app.models import Post
from app.tests.support.base import Browser, settings
from app.tests.support.programs.processes import fresh_database
from app.tests.support.reading import SearchPageTestCase, shown

# A word, and what may be typed to find it. SQLite's own index knows the accents of Latin
# letters alone; й, ё, が and 한 are other letters than those without their marks.
WORDS = (
    "й",
    "чай",
    "ёлка",
    "café",
    "naïve",
    "Cần",
    "τσάι",
    "がんばって",
    "한국어",
    "שָׁלוֹם",
    "हिन्दी",
)


def forms(text: str) -> list[str]:
    return [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]


class ComposedSearchTests(SearchPageTestCase):
    def write(self, text: str) -> Browser:
        """Write a post as john, on the home page."""
        browser = self.browser(self.john)
        browser.get("/")
        browser.submit(post=text)
        self.assertEqual(browser.page.statuses, ["Your post is live."])
        return browser

    def test_either_is_found_from_either(self):
        for word in WORDS:
            for written in forms(word):
                body = shown(self.write(f"so {written} it is"))[0]
                for typed in (*forms(word), *forms(f'"so {word} it"'), *forms(f"{word}*")):
                    with self.subTest(written=ascii(written), typed=ascii(typed)):
                        self.assertEqual(self.found(typed), [body])
                Post.delete(db.session.scalar(sa.select(Post.id)), self.john.id)

    def test_an_edited_post_is_found_too(self):
        number = self.john.write("before").id
        browser = self.browser(self.john)
        for written in forms("ёж"):
            browser.get(f"/post/{number}/edit")
            browser.submit(post=written)
            for typed in forms("ёж"):
                self.assertEqual(self.found(typed), [unicodedata.normalize("NFC", "ёж")])

    def test_so_are_tags(self):
        for written in forms("#Йод #café"):
            self.write(f"{written} is a tag")
        for typed in (*forms("йод"), *forms("ЙОД"), *forms("CAFÉ")):
            with self.subTest(ascii(typed)):
                self.assertEqual(len(self.found(f"#{typed}")), 2)
                visitor = self.browser()
                visitor.get(f"/tag/{quote(typed)}")
                self.assertEqual(len(shown(visitor)), 2)

    def test_what_was_found_is_marked(self):
        self.write("чай")
        for typed in forms("чай"):
            self.assertIn("<mark>чай</mark>", self.search(typed).text)

    def test_a_profile_keeps_them_composed(self):
        browser = self.browser(self.john)
        browser.get("/edit")
        browser.submit(nickname="john", about_me="e\u0301" * 140)
        db.session.expire_all()
        self.assertEqual(self.john.about_me, "\u00e9" * 140)

    def test_posts_from_before_are_composed_by_the_migration(self):
        app = create_app(**settings(DATABASE_URL=fresh_database(self)))
        composed, separate = forms("чай ёлка")
        # Composed it would be longer than the column.
        growing = "\ufb2c" * 140
        with app.app_context():
            self.addCleanup(db.engine.dispose)
            flask_migrate.upgrade(revision="0002")
            with db.engine.begin() as connection:
                connection.execute(
                    sa.text(
                        'INSERT INTO "user" (nickname, nickname_key, about_me, last_seen,'
                        " avatar_seed) VALUES ('ann', 'ann', '', '2026-01-01 00:00:00', '')"
                    )
                )
                for body in (separate, composed, "plain", growing):
                    connection.execute(
                        sa.text(
                            "INSERT INTO post (body, timestamp, user_id)"
                            " VALUES (:body, '2026-01-01 00:00:00', 1)"
                        ),
                        {"body": body},
                    )
            upgrade(app)
            bodies = db.session.scalars(sa.select(Post.body).order_by(Post.id)).all()
            self.assertEqual(bodies, [composed, composed, "plain", growing])
            db.session.rollback()
        visitor = Browser(app)
        for typed in (composed, separate):
            visitor.get(f"/search?q={quote(typed)}")
            self.assertEqual(shown(visitor), [composed, composed])
