"""The servers that the high side is compared with: nginx, verdaccio and docker-registry, each on a port of loopback, plain or with TLS."""
import base64
import contextlib
import hashlib
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import oci_registry  # noqa: E402
from rig import Failure, free_port, run  # noqa: E402

VERDACCIO = ["verdaccio@5"]
OVERRIDES = {"node-fetch": "2.7.0"}  # what Debian's and newer Node.js agree on


def trusting():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(url, method="GET", body=None, headers=None):
    request = urllib.request.Request(url, method=method, data=body, headers=headers or {})
    with urllib.request.urlopen(request, context=trusting(), timeout=60) as answer:
        return answer.read()


def wait_until_up(root, lives, log):
    until = time.monotonic() + 120
    while time.monotonic() < until and lives():
        with contextlib.suppress(OSError):
            try:
                ask(root + "/")
                return
            except urllib.error.HTTPError:
                return
        time.sleep(0.05)  # between two questions: there is nothing to wait on
    raise Failure(f"nothing answers at {root}\n{log()[-3000:]}")


class Peer:
    """A server that is there once it answers its page."""

    def __init__(self, certificate=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-peer-"))
        self.certificate = certificate  # (certificate, key) or none: plain
        self.port = free_port()
        self.root = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._process = None

    def _start(self, command, **options):
        log = open(self.folder / "log", "w")
        self._process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, **options)
        wait_until_up(self.root, lambda: self._process.poll() is None, lambda: (self.folder / "log").read_text())

    def close(self):
        if self._process:
            self._process.terminate()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Nginx(Peer):
    """Files below `files`, as nginx's own guide to fast static files has it: sendfile, open files kept."""

    name = "nginx"

    def __init__(self, files, types, certificate=None):
        super().__init__(certificate)
        tls = f"ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};" if certificate else ""
        (self.folder / "nginx.conf").write_text(f"""
worker_processes auto; daemon off; pid {self.folder}/pid; error_log stderr;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s;
  types {{ {' '.join(f'{kind} {extension};' for extension, kind in types.items())} }}
  default_type application/octet-stream;
  client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p; fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  server {{ listen 127.0.0.1:{self.port}{' ssl' if certificate else ''}; {tls} root {files}; }}
}}
""")
        run("chmod", "-R", "a+rX", files)  # its workers are nobody
        files.parent.chmod(0o755)
        self._start(["nginx", "-p", self.folder, "-e", "stderr", "-c", self.folder / "nginx.conf"])


class Verdaccio(Peer):
    name = "verdaccio"

    def __init__(self, installed, certificate=None):
        super().__init__(certificate)
        https = f"https:\n  key: {certificate[1]}\n  cert: {certificate[0]}\n" if certificate else ""
        (self.folder / "config.yaml").write_text(f"""
storage: {self.folder}/storage
auth:
  htpasswd:
    file: {self.folder}/htpasswd
packages:
  '**': {{access: $all, publish: $all, unpublish: $all}}
max_body_size: 100mb
log: {{type: stdout, format: pretty, level: error}}
{https}""")
        self._start(["node", installed / "node_modules/verdaccio/bin/verdaccio", "--config", self.folder / "config.yaml", "--listen", self.root])

    @staticmethod
    def install(folder):
        """By npm, from wherever this machine's npm takes packages."""
        (folder / "package.json").write_text(json.dumps({"name": "peer", "version": "1.0.0", "overrides": OVERRIDES}))
        run("npm", "install", "--no-audit", "--no-fund", "--no-update-notifier", *VERDACCIO, cwd=folder)

    def publish(self, manifest, tarball):
        """One version, as npm publish sends it."""
        name, version = manifest["name"], manifest["version"]
        file = f"{name}-{version}.tgz"
        dist = {"integrity": "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode(), "shasum": hashlib.sha1(tarball).hexdigest(),
                "tarball": f"{self.root}/{name}/-/{file}"}
        body = {"_id": name, "name": name, "dist-tags": {"latest": version}, "versions": {version: {**manifest, "_id": f"{name}@{version}", "dist": dist}},
                "_attachments": {file: {"content_type": "application/octet-stream", "data": base64.b64encode(tarball).decode(), "length": len(tarball)}}}
        ask(f"{self.root}/{name}", "PUT", json.dumps(body).encode(), {"Content-Type": "application/json"})


class DockerRegistry(oci_registry.DockerRegistry):
    """It is the upstream as well: the same folder served again, with TLS, is the peer of the cases with TLS."""

    name = "docker-registry"

    def __init__(self, folder, certificate=None):
        super().__init__(folder, free_port(), certificate=certificate, logs=False)
        self.root = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        try:
            wait_until_up(self.root, lambda: self._process.poll() is None, self.log_path.read_text)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
