"""Who brought whom."""

import re

from app.models import Invitation, User
from app.models.joining import admission as rules
from app.queries.joining.invitations import MAX_TWIGS
from app.queries.pagination import PAGE_SIZE
from app.tests.support.people.joining import InvitationCase
from app.tests.support.reading import statements


class TreeTests(InvitationCase):
    def bring(self, inviter: str, *names: str) -> None:
        inviter_id = User.find(inviter).id
        for name in names:
            token = Invitation.make(inviter_id, "member", limited=False)
            rules.admit(f"https://{name}.example.net/", name, None, token)

    def names(self, path: str) -> list[str]:
        browser = self.browser()
        browser.get(path)
        self.assertEqual(browser.status, 200)
        return [text for text, href in browser.page.links.items() if href.startswith("/user/")]

    def test_it_shows_who_brought_whom(self):
        browser = self.browser()
        browser.get("/members/tree")
        self.assertIn("Nobody yet.", browser.page.words)
        self.bring("bob", "cid", "dora")
        self.bring("cid", "eva")
        self.bring("ana", "finn")
        self.assertEqual(self.names("/members/tree"), ["bob", "cid", "dora", "ana", "finn"])
        browser.get("/members/tree")
        browser.get(browser.page.links["others (cid)"])
        self.assertEqual(self.names(browser.url), ["cid", "eva"])
        self.assertIn("cid was invited by bob", browser.page.words)
        browser.get("/members/tree?from=nobody")
        self.assertEqual(browser.status, 404)

    def test_whose_inviter_has_left_is_at_the_root(self):
        self.bring("bob", "cid")
        self.bring("cid", "eva")
        self.bob.delete()
        self.assertEqual(self.names("/members/tree"), ["cid", "eva"])

    def test_its_pages_and_branches_are_bounded_and_its_selects_few(self):
        few = self.selects("/members/tree")
        self.bring("bob", *(f"g{n}" for n in range(PAGE_SIZE + 5)))
        for n in range(PAGE_SIZE + 5):
            self.bring(f"g{n}", f"h{n}")
        self.bring("g29", *(f"i{n}" for n in range(MAX_TWIGS + 1)))
        browser = self.browser()
        browser.get("/members/tree")
        self.assertEqual(len(self.names("/members/tree")), 1 + MAX_TWIGS)
        browser.get(browser.page.links["and more brought by bob"])
        self.assertEqual(len(re.findall(">g[0-9]+<", browser.text)), PAGE_SIZE)
        self.assertIn("and more brought by g29", browser.page.links)
        browser.get(browser.page.links["Older"])
        self.assertEqual(len(re.findall(">g[0-9]+<", browser.text)), 5)
        self.assertLessEqual(few, 3)
        self.assertLessEqual(self.selects("/members/tree?from=bob"), 3)

    def selects(self, path: str) -> int:
        browser = self.browser()
        return len([s for s in statements(lambda: browser.get(path)) if s.startswith("SELECT")])

    def test_it_is_as_public_as_the_site(self):
        app = self.app
        with self.under("invite"):
            app.config["PUBLIC"] = False
            self.addCleanup(app.config.update, PUBLIC=True)
            browser = self.browser()
            browser.get("/members/tree")
            self.assertEqual(browser.path, "/login")
