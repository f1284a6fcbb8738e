"""A real browser, the system's Chromium.

What the site's pages show, ask for and complain about is read through the browser's own
protocol (https://chromedevtools.github.io/devtools-protocol/). No script of a test is
needed for it, so it can be read with scripts switched off as well.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from multiprocessing.util import Finalize
from urllib.parse import urljoin, urlsplit

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from app.tests.support.base import Browser
from app.tests.support.programs.processes import require

# Seconds in which a page has to be there, on the slowest machine.
PAGE_SECONDS = 120
WIDE, NARROW = 1280, 320
FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    # A container's shared memory is often too small for it.
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name is looked up outside this machine. What a page asks for is seen all the same.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


class Chromium:
    """One Chromium with one tab. Made on first use, it serves all tests of this process."""

    _running: "Chromium | None" = None

    @classmethod
    def of_this_process(cls) -> "Chromium":
        require("chromium", "chromedriver", packages="chromium and chromium-driver")
        if cls._running is None:
            cls._running = cls()
        return cls._running

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="microblog-chromium-")
        # Unlike atexit, it also runs at the end of a process that multiprocessing started.
        Finalize(None, self.quit, exitpriority=1)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={self.folder}/profile")
        if os.getuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        options.add_experimental_option("perfLoggingPrefs", {"enablePage": False})
        service = Service(
            shutil.which("chromedriver"), env={**os.environ, "HOME": self.folder, "TZ": "UTC"}
        )
        self.driver, self._shown = None, {}
        self.driver = webdriver.Chrome(options=options, service=service)
        self.command("Page.enable")

    def quit(self) -> None:
        if self.driver:
            self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, name: str, /, **parameters) -> dict:
        """Send a command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def reset(self) -> None:
        """Forget cookies, and be as wide, bright and able as at first."""
        self.command("Network.clearBrowserCookies")
        self.command("Network.setBlockedURLs", urls=[])
        self.run_scripts(True)
        self.show(WIDE, "light")
        self.size_text(100)
        self.problems("")

    # How pages are shown

    def show(self, width: int, scheme: str = "light", height: int = 800, scale: int = 1) -> None:
        """Be so wide, and prefer a `light` or a `dark` scheme."""
        window, feature = (width, height, scale), {"name": "prefers-color-scheme", "value": scheme}
        # It takes a while until a page has another size, also if that is the one it had.
        if self._shown.get("window") != window:
            self.command(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=height,
                deviceScaleFactor=scale,
                mobile=False,
            )
        if self._shown.get("feature") != feature:
            self.command("Emulation.setEmulatedMedia", features=[feature])
        self._shown = {"window": window, "feature": feature}

    def size_text(self, percent: int) -> None:
        """Do as the setting for the size of text does."""
        sizes = {"standard": 16 * percent // 100, "fixed": 13 * percent // 100}
        self.command("Page.setFontSizes", fontSizes=sizes)

    def run_scripts(self, on: bool) -> None:
        self.command("Emulation.setScriptExecutionDisabled", value=not on)

    # Going about

    def open(self, url: str) -> None:
        self.driver.get(urljoin(self.driver.current_url, url))

    @property
    def url(self) -> str:
        return self.driver.current_url

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def run(self, program: str) -> None:
        """Run a program in the page, whatever its policy allows to scripts of its own."""
        answer = self.command("Runtime.evaluate", expression=program)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])

    def evaluate(self, expression: str):
        """Return the value of an expression, or of its promise, in the page."""
        answer = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """Return what can be read in each of these elements."""
        elements = f"[...document.querySelectorAll({json.dumps(selector)})]"
        return self.evaluate(f"{elements}.map(e => e.checkVisibility() ? e.innerText.trim() : '')")

    @property
    def heading(self) -> str:
        return self.texts("h1")[0]

    @property
    def status(self) -> int:
        return self.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")

    def field(self, name: str):
        """Return the first field of this name that can be seen."""
        return self.driver.find_element(By.CSS_SELECTOR, f"[name='{name}']:not([type=hidden])")

    def fill(self, **values: str) -> None:
        """Click on fields and paste into them, in place of what they hold."""
        for name, value in values.items():
            self.field(name).click()
            self.run("document.activeElement.select()")
            self.command("Input.insertText", text=value)

    def press(self, label: str) -> None:
        """Press the first button with these words, and wait for the page that follows."""
        button = self.driver.find_element(By.XPATH, f"//button[normalize-space()='{label}']")
        self.leave(button.click)

    def follow(self, words: str) -> None:
        """Follow the first link that begins with these words."""
        link = self.driver.find_element(By.XPATH, f"//a[starts-with(normalize-space(), '{words}')]")
        self.leave(link.click)

    def leave(self, action: Callable[[], object]) -> None:
        """Do what leads to another page, and wait until that is there."""
        before = self._page()
        action()
        self.wait_until(lambda: self._page() not in {before, None})

    def _page(self) -> float | None:
        # When a page began tells it from any other, also from itself shown anew.
        return self.evaluate("document.readyState == 'complete' ? performance.timeOrigin : null")

    def wait_until(self, holds: Callable[[], object]) -> None:
        """Look again and again until `holds()`; meanwhile a page may be half gone."""
        wait = WebDriverWait(self.driver, PAGE_SECONDS, 0.02, [WebDriverException])
        wait.until(lambda _: holds())

    def wait_for_heading(self, text: str) -> None:
        self.wait_until(lambda: self.texts("h1") == [text])

    def tab(self) -> None:
        """Press Tab; a browser moves the focus before the key is released."""
        tab = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
        self.command("Input.dispatchKeyEvent", type="rawKeyDown", **tab)

    def take_cookies(self, browser: Browser) -> None:
        """Be the browser that `browser` is."""
        self.command("Network.clearBrowserCookies")
        if cookie := browser.cookie("session"):
            self.command(
                "Network.setCookie",
                url=browser.origin,
                name="session",
                value=cookie.value,
                httpOnly=True,
                sameSite="Lax",
            )

    # What it has to say

    def problems(self, *origins: str) -> list[str]:
        """Return what the console complained of since the last call, and each foreign request.

        Requests to `origins`, with their slash, are not foreign. Hints are no complaints, nor
        that a page came with a status of 400 or more: the tests see to those.
        """
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        pages, found = set(), []
        for message in messages:
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if message["params"].get("type") == "Document":
                    pages.add(url.partition("#")[0])
                web = url.startswith(("http:", "https:", "ws:", "wss:"))
                if web and not any(map(url.startswith, origins)):
                    found.append(f"a request to {url}")
        for entry in self._log("browser"):
            refused = "Failed to load resource: the server responded with a status of"
            url, _, text = entry["message"].partition(" - ")
            hint = entry["level"] == "DEBUG"
            if not hint and not (text.startswith(refused) and url in pages):
                found.append(f"{entry['level']} {entry['message']}")
        return found

    def _log(self, kind: str) -> list[dict]:
        return self.driver.get_log(kind)
