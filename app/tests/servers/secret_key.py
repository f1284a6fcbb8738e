"""The key that signs cookies: made once, shared, and never a weak one."""

import sys
import threading
import unittest
from unittest import mock

from app.tests.support.programs.processes import (
    START_SECONDS,
    Process,
    copy_of_the_site,
    temporary_folder,
)
from app.web.keys import secret_key
from config import SettingError


class SecretKeyTests(unittest.TestCase):
    def test_it_is_made_once_however_many_ask_at_the_same_moment(self):
        for _ in range(10):
            folder = temporary_folder(self)
            barrier = threading.Barrier(8)
            keys: list[str] = []

            def ask(barrier=barrier, keys=keys):
                barrier.wait(START_SECONDS)
                keys.append(secret_key.chosen_or_kept(""))

            with mock.patch.object(secret_key, "basedir", folder):
                threads = [threading.Thread(target=ask) for _ in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            self.assertEqual((len(keys), len(set(keys))), (8, 1))
            # No draft is left beside it.
            self.assertEqual([path.name for path in (folder / "tmp").iterdir()], ["secret_key"])

    def test_processes_that_start_together_share_it(self):
        folder = copy_of_the_site(self)
        code = "from app.web.keys import secret_key; print(secret_key.chosen_or_kept(''))"
        runs = [Process(self, sys.executable, "-c", code, cwd=folder) for _ in range(3)]
        self.assertEqual([run.process.wait(START_SECONDS) for run in runs], [0, 0, 0])
        self.assertEqual(len({run.output for run in runs}), 1)
        self.assertGreater(len(runs[0].output.strip()), 32)

    def test_two_sites_have_two(self):
        keys = set()
        for _ in range(2):
            with mock.patch.object(secret_key, "basedir", temporary_folder(self)):
                keys.add(secret_key.chosen_or_kept(""))
        self.assertEqual(len(keys), 2)

    def test_a_kept_one_that_was_emptied_is_refused(self):
        folder = temporary_folder(self)
        folder.joinpath("tmp").mkdir()
        folder.joinpath("tmp", "secret_key").touch()
        with (
            mock.patch.object(secret_key, "basedir", folder),
            self.assertRaises(SettingError) as caught,
        ):
            secret_key.chosen_or_kept("")
        self.assertIn("SECRET_KEY", str(caught.exception))
