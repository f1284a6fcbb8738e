"""nginx with the very file of .github/deploy, on free ports and with a certificate of its own."""

import os
import signal
import socket
import ssl
import subprocess
from pathlib import Path

from app.tests.support.programs.processes import (
    START_SECONDS,
    Process,
    free_port,
    require,
    temporary_folder,
    wait_until,
)
from config import basedir

SITE_FILE = basedir / ".github" / "deploy" / "microblog.nginx"
# What a distribution has around the files of its sites.
AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 4096; }}
http {{
    types {{ text/html html; text/css css; text/javascript js; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site;
}}
"""
SELF_SIGNED = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
SELF_SIGNED += " -subj /CN=localhost -addext subjectAltName=DNS:localhost"


def children(process_id: int) -> list[int]:
    """Return the ids of the processes that this one has made (proc(5))."""
    found = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
    return [int(one) for one in found.split()]


class Nginx:
    """nginx in front of the machines at `ports`, at https://localhost and a free port."""

    def __init__(self, case, ports: list[int]):
        require("nginx", "openssl", packages="nginx-light and openssl")
        self.folder, self.port, self.plain_port = temporary_folder(case), free_port(), free_port()
        self.origin = f"https://localhost:{self.port}"
        self.certificate = self.folder / "certificate.pem"
        subprocess.run(
            [*SELF_SIGNED.split(), "-keyout", self.folder / "key.pem", "-out", self.certificate],
            check=True,
            capture_output=True,
        )
        self.ports = ports
        (self.folder / "site").write_text(self._site())
        # Its workers would have another account than root, to which this folder is closed.
        user = "" if os.geteuid() else "user root;"
        main = self.folder / "nginx.conf"
        main.write_text(AROUND.format(folder=self.folder, user=user))
        self.process = Process(case, "nginx", "-c", main, "-e", "stderr")
        wait_until(self._answers, START_SECONDS, "an answer", self.process)

    def leave_out(self, *ports: int) -> None:
        """Pass nothing on to the machines at these ports from now on; to all others again."""
        (self.folder / "site").write_text(self._site(*ports))
        old = set(children(self.process.process.pid))
        os.kill(self.process.process.pid, signal.SIGHUP)

        def are_new() -> bool:
            # The old ones end what they have begun.
            return not old & set(children(self.process.process.pid))

        wait_until(are_new, START_SECONDS, "new workers", self.process)

    def _site(self, *left_out: int) -> str:
        text = SITE_FILE.read_text(encoding="utf-8")
        machine = "    server 127.0.0.1:{} max_fails=1 fail_timeout=1s{};\n"
        for before, after in {
            machine.format(5000, ""): "".join(
                machine.format(port, " down" if port in left_out else "") for port in self.ports
            ),
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            "server_name blog.example.com;": "server_name localhost;",
            "/etc/letsencrypt/live/blog.example.com/fullchain.pem": str(self.certificate),
            "/etc/letsencrypt/live/blog.example.com/privkey.pem": str(self.folder / "key.pem"),
            "/var/cache/nginx/": f"{self.folder}/cache-",
            "/var/log/nginx/": f"{self.folder}/",
            # Whoever sends slowly does so for as long as a test takes.
            "client_body_timeout 15s;": "client_body_timeout 1h;",
        }.items():
            assert before in text, before
            text = text.replace(before, after)
        return text

    def _answers(self) -> bool:
        # No request: the machines may not be there yet.
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client needs to trust it."""
        return ssl.create_default_context(cafile=self.certificate)

    def log(self, name: str = "microblog.log") -> str:
        return Path(self.folder, name).read_text()
