"""Which passwords an account may have."""

import threading
from unittest import mock

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.provider.models import Account
from app.provider.passwords import hashing, strength
from app.tests.support.base import PASSWORD, JoinMixin, TestCase
from app.tests.support.programs.processes import START_SECONDS, wait_until

NEW_PASSWORD = "staple battery horse"


class WeakPasswordTests(JoinMixin, TestCase):
    def join_with(self, password: str, username="ingrid1970", email="ingrid@mails.example"):
        browser = self.browser()
        browser.get("/openid/join")
        browser.submit(username=username, password=password, email=email)
        return browser

    def test_what_is_guessed_first_is_refused_with_the_reason(self):
        for password, reason in {
            "password": strength.COMMON,
            "12345678": strength.COMMON,
            "Passw0rd!": strength.COMMON,
            "trustno1": strength.COMMON,
            "monkey77": strength.COMMON,
            "drowssap": strength.COMMON,
            " " * 8: strength.REPEATED,
            "aaaaaaaaaaaa": strength.REPEATED,
            "éééééééé": strength.REPEATED,
            "passwordpasswordpassword": strength.REPEATED,
            "a" * 1000: strength.REPEATED,
            "abcdefghij": strength.IN_A_ROW,
            "poiuytre": strength.IN_A_ROW,
            "29.02.1980": strength.DATE,
            "worthwhile": strength.WORD,
            "ingrid1970": strength.OWN,
            "INGRID1970": strength.OWN,
            "0791dirgni": strength.OWN,
            "ingrid@mails.example": strength.OWN,
            "mails.example": strength.OWN,
            "microblog": strength.OWN,
            "microblog1": strength.OWN,
        }.items():
            with self.subTest(password[:30]):
                browser = self.join_with(password)
                self.assertEqual((browser.path, browser.status), ("/openid/join", 400))
                self.assertEqual(browser.page.alerts, [reason])
                fields = next(f.fields for f in browser.page.forms if "email" in f.fields)
                self.assertEqual(fields["username"], "ingrid1970")
                self.assertEqual(fields["password"], "")
        self.assertEqual(self.count(Account), 0)

    def test_a_long_username_is_no_password_either(self):
        name = "kzqvbxwfgjthmpnrsdlc" + "7" * 44
        self.assertEqual(self.join_with(name, name).page.alerts, [strength.OWN])

    def test_each_of_the_3000_most_common_is_refused(self):
        # OWASP ASVS 5, 6.2.4: those that are long enough.
        common = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= 8][:3000]
        self.assertEqual(len(common), 3000)
        for word in common:
            self.assertIsNotNone(strength.problem(word), word)

    def test_what_nobody_thinks_of_is_taken(self):
        for number, password in enumerate(
            (
                PASSWORD,
                NEW_PASSWORD,
                "j4kR9#x2",
                "xkcd9361",
                "мой пароль и чай",
                "teekesselchen 7",
                "  spaces around  ",
                "日本語のパスワード",
                "🐢🐌🦥🐨🦦🐿🦔🐇",
                "x" * 3 + "".join(chr(0x4E00 + n * n % 20_011) for n in range(997)),
            )
        ):
            with self.subTest(password[:30]):
                browser = self.join_with(password, f"member{number}", "")
                self.assertEqual((browser.path, browser.page.alerts), ("/openid", []))

    def test_a_changed_one_keeps_to_the_same_rules(self):
        browser = self.join("miguelito", "m@miguels.example")
        for password, reason in {
            "password": strength.COMMON,
            "miguelito": strength.OWN,
            "m@miguels.example": strength.OWN,
        }.items():
            browser.get("/openid/password")
            browser.submit(old_password=PASSWORD, password=password)
            self.assertEqual((browser.status, browser.page.alerts), (400, [reason]))
        self.assertIsNotNone(Account.authenticate("miguelito", PASSWORD))

    def test_what_is_ones_own_does_not_count_for_others_at_the_same_time(self):
        # The library keeps it in one variable for all threads.
        go_on, judging, most, found = threading.Event(), [], [], []
        real = strength.zxcvbn

        def zxcvbn(*arguments, **options):
            judging.append(None)
            most.append(len(judging))
            go_on.wait(START_SECONDS)
            judging.pop()
            return real(*arguments, **options)

        def judge(name: str) -> None:
            with self.app.app_context():
                found.append(strength.problem(name, name))

        names = [f"kzqvbxwfgj{number}" for number in range(hashing.MAX_AT_ONCE)]
        threads = [threading.Thread(target=judge, args=[name]) for name in names]
        with mock.patch.object(strength, "zxcvbn", zxcvbn):
            for thread in threads:
                thread.start()
            wait_until(lambda: hashing._running._value == 0, START_SECONDS, "both have a turn")
            go_on.set()
            for thread in threads:
                thread.join()
        self.assertEqual(found, [strength.OWN] * len(names))
        self.assertEqual(max(most), 1)

    def test_no_crafted_text_breaks_the_judge(self):
        for text in ("\x00" * 8, "İ" * 24, "ﬁ²٣४ßſǅͅ" * 3, "\u202e" * 9, "4@8({[<369&#!1/|0$5+7%2"):
            strength.problem(text, text, text)
