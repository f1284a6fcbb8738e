"""Mail servers for tests: one that keeps what arrives, and one that nobody gets away from."""

import asyncio
import contextlib
import queue
import socket
import ssl
import threading

from aiosmtpd.controller import Controller

from app.tests.support.programs.processes import START_SECONDS, clean_up_of, free_port

# Seconds in which a letter has to be there, on the slowest machine.
MAIL_SECONDS = 120


class MailBox:
    """An aiosmtpd handler that keeps what arrives."""

    # Where its server listens.
    port: int

    def __init__(self):
        self.letters = queue.Queue()

    async def handle_DATA(self, server, session, envelope) -> str:
        self.letters.put(envelope)
        return "250 OK"

    def taken(self) -> list[str]:
        """Return the letters that are there, as they were sent, and keep them no longer."""
        return [self.letters.get_nowait().content.decode() for _ in range(self.letters.qsize())]


class SlowMailBox(MailBox):
    """Has letters wait, in the midst of their conversations, until it is told to go on."""

    def __init__(self):
        super().__init__()
        self._goes_on = threading.Event()
        self.go_on = self._goes_on.set

    async def handle_DATA(self, server, session, envelope) -> str:
        while not self._goes_on.is_set():
            await asyncio.sleep(0.02)
        return await super().handle_DATA(server, session, envelope)


def mail_server(case, box: MailBox | None = None, **options) -> MailBox:
    """Run a mail server until `case`, a test or a class of tests, is done; return its box."""
    box = box or MailBox()
    controller = Controller(
        box, hostname="127.0.0.1", port=free_port(), ready_timeout=START_SECONDS, **options
    )
    controller.start()
    clean_up_of(case)(controller.stop)
    box.port = controller.port
    return box


class Tarpit:
    """Takes connections, encrypted with a `context`, and says `piece` of what never ends."""

    def __init__(self, case, piece: bytes = b"2", context: ssl.SSLContext | None = None):
        self.piece, self.context = piece, context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.is_met = threading.Event()
        # Set when somebody in it has left.
        self.is_left = threading.Event()
        self.ended = threading.Event()
        case.addCleanup(self.close)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                self.is_met.set()
                threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        with connection:
            try:
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                while not self.ended.wait(0.05):
                    connection.send(self.piece)
            except OSError:
                self.is_left.set()

    def close(self) -> None:
        self.ended.set()
        # A listener in accept() is not woken by close() alone.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def mail_settings(port: int) -> dict[str, str]:
    return {
        "ADMINS": "admin@example.com, second@example.com",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(port),
        "MAIL_FROM": "microblog@example.com",
    }
