"""Every page of the site, in one list: what holds for all of them is tested on all of these."""

from app.tests.support.every_page.listed import pages
from app.tests.support.every_page.page import SitePage
from app.tests.support.every_page.readers import Readers
from app.tests.support.every_page.site import site_of_every_page

__all__ = ["Readers", "SitePage", "pages", "site_of_every_page"]
