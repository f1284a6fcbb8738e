"""Search for people: in which order, and what else the page says."""

import re
from urllib.parse import quote

from app.queries.pagination import PAGE_SIZE
from app.tests.support.reading import SearchPageTestCase


class PeopleSearchTests(SearchPageTestCase):
    def names(self, text: str) -> list[str]:
        """Return the nicknames that a page lists."""
        links = re.findall(r'<p class="person">.*?<a href="/user/[^"]*">(.*?)</a>', text)
        return [re.sub("<.*?>", "", link) for link in links]

    def test_whose_name_it_is_comes_first_and_nobody_comes_twice(self):
        self.person("ann")
        for n in range(2 * PAGE_SIZE):
            self.person(f"ann{n}")
        for searched in ("ann", "@Ann", "anna ann", "ann annx"):
            with self.subTest(searched):
                browser = self.browser()
                browser.get(f"/search?q={quote(searched)}")
                self.assertEqual(self.names(browser.text)[0], "ann")
                browser.get(f"/search/people?q={quote(searched)}")
                pages, links = [self.names(browser.text)], browser.page.links
                while "Older" in links:
                    browser.get(links["Older"])
                    pages.append(self.names(browser.text))
                    links = browser.page.links
                found = [name for page in pages for name in page]
                expected = {"ann", *(f"ann{n}" for n in range(2 * PAGE_SIZE))}
                self.assertEqual((found[0], sorted(found)), ("ann", sorted(expected)))
                back = [pages.pop()]
                while "Newer" in browser.page.links:
                    browser.get(browser.page.links["Newer"])
                    back.insert(0, self.names(browser.text))
                self.assertEqual([name for page in back for name in page], found)

    def test_a_person_found_is_no_failure_and_posts_have_a_heading(self):
        self.assertNotIn("No post fits that", self.search("susan").page.words)
        self.john.write("tea")
        self.assertIn("<h2>Posts</h2>", self.search("tea").text)
