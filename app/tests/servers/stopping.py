"""SIGTERM under servers that have no handler for it: what is queued is sent or logged."""

import signal
import subprocess
import sys

from app import create_app, db
from app.tests.servers.shutdown import StoppedServerTests
from app.tests.support.base import settings
from app.tests.support.programs.processes import environment, temporary_folder
from config import basedir

# With debug on, run.py mails nothing; this is how it serves, with debug off.
RUN_PY = """
import app, flask, runpy
create_app, serve = app.create_app, flask.Flask.run
app.create_app = lambda debug: create_app()
flask.Flask.run = lambda self, *address, debug: serve(self, *address)
runpy.run_path("run.py", run_name="__main__")
"""


class SigtermTests(StoppedServerTests):
    servers = {
        "flask run": ("-m", "flask", "--app", "runp", "run", "--port={port}"),
        "waitress": ("-m", "waitress", "--listen=127.0.0.1:{port}", "runp:app"),
        "run.py with debug off": ("-c", RUN_PY),
    }

    def run_python(self, program: str) -> subprocess.CompletedProcess:
        home = temporary_folder(self)
        return subprocess.run(
            [sys.executable, "-c", "import os, signal\n" + program],
            env=environment(home, PYTHONPATH=str(basedir)),
            capture_output=True,
            text=True,
        )

    def test_a_handler_that_is_there_is_left_alone(self):
        done = self.run_python(
            "signal.signal(signal.SIGTERM, lambda *_: print('its own'))\n"
            "from app.shutdown import end_on_sigterm\n"
            "end_on_sigterm()\n"
            "os.kill(os.getpid(), signal.SIGTERM)\n"
            "print('goes on')"
        )
        self.assertEqual((done.returncode, done.stdout), (0, "its own\ngoes on\n"), done.stderr)

    def test_a_second_signal_ends_it_at_once(self):
        done = self.run_python(
            "import atexit\n"
            "from app.shutdown import end_on_sigterm\n"
            "end_on_sigterm()\n"
            "atexit.register(os.kill, os.getpid(), signal.SIGTERM)\n"
            "os.kill(os.getpid(), signal.SIGTERM)\n"
            "print('not reached')"
        )
        self.assertEqual((done.returncode, done.stdout), (-signal.SIGTERM, ""), done.stderr)

    def test_an_application_by_itself_changes_no_handler(self):
        before = signal.getsignal(signal.SIGTERM)
        app = create_app(**settings())
        with app.app_context():
            db.engine.dispose()
        self.assertIs(signal.getsignal(signal.SIGTERM), before)
