"""What every page weighs on its way to a browser, and how many requests it takes."""

import unittest

from app import db
from app.tests.support.data.scales import MOST_BYTES, MOST_REQUESTS, Scales
from app.tests.support.every_page import pages, site_of_every_page
from app.tests.support.programs.processes import fresh_database


class WeightTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        app = site_of_every_page(fresh_database(cls))
        with app.app_context():
            cls.addClassCleanup(db.engine.dispose)
        scales = Scales(app)
        cls.weights = {page.name: scales.weigh(page) for page in pages()}

    def test_a_page_and_its_style_take_no_more_than_12_kb(self):
        for name, weight in self.weights.items():
            with self.subTest(name):
                self.assertGreater(min(weight.html, weight.css), 0)
                self.assertLessEqual(weight.html + weight.css, MOST_BYTES)

    def test_a_page_is_there_after_three_requests(self):
        for name, weight in self.weights.items():
            with self.subTest(name):
                self.assertLessEqual(weight.requests_before_avatars, MOST_REQUESTS)
