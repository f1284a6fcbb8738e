"""The tests' browser for servers that run as processes of their own."""

import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin

from app.tests.support.browser import Browser

# Seconds for one answer, on the slowest machine.
ANSWER_SECONDS = 120


class Answer:
    """A response that came over a socket, with the names that Browser uses."""

    def __init__(self, response):
        with response:
            self.status_code = response.status
            self.headers = response.headers
            self.body = response.read()

    def get_data(self, as_text: bool = True) -> str:
        return self.body.decode()


class SocketBrowser(Browser):
    """The tests' browser, speaking HTTP over a socket and keeping cookies in a jar."""

    def __init__(self, origin: str):
        self.origin = origin
        self.url = origin + "/"
        self.visited: list[str] = []
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(
            # No proxy, whatever the environment says.
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self.jar),
        )

    def _open(self, method: str, url: str, follow: bool = True, data=None, headers=None):
        url = urljoin(self.url, url)
        self.visited.append(f"{method} {url}")
        body = urlencode(data).encode() if data is not None else None
        request = urllib.request.Request(url, body, headers or {}, method=method)
        try:
            response = self.opener.open(request, timeout=ANSWER_SECONDS)
        except urllib.error.HTTPError as error:
            response = error
        self.url = response.url
        self.response = Answer(response)
        return self.response
