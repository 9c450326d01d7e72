#!/usr/bin/env python3
"""Upstreams on loopback: an npm registry, an index of Python packages, a signed Debian archive, plain files. Their misbehaviour can be switched on while they run.

As a program: upstreams.py PORT FOLDER. It serves
  /npm/…      packages of FOLDER/npm (made by make_npm_package), full packuments with ETag
  /pypi/…     packages of FOLDER/pypi (made by PythonIndex): pages below /pypi/simple/, files below /pypi/files/
  /static/…   FOLDER/static
  /counts     {status: answers so far}, as JSON
  POST /fault?path=PREFIX&kind=hang|garbage|flip|status-503|none   what happens to requests whose path starts with PREFIX from now on
"""
import base64
import collections
import gzip
import hashlib
import http.server
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import threading
import urllib.parse

from python_index import PythonIndex


def make_npm_package(folder, name, version, dependencies=None, payload=b"", released="2024-01-01T00:00:00.000Z", **manifest):
    """Writes FOLDER/npm/<name>/<version>.{json,tgz}: a real package that npm installs."""
    manifest = {"name": name, "version": version, "dependencies": dependencies or {}, **manifest}
    files = {"package/package.json": json.dumps(manifest).encode(), "package/index.js": b"module.exports = " + json.dumps(f"{name}@{version}").encode(),
             "package/payload.bin": payload}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(content), 0, 0o644
            archive.addfile(entry, io.BytesIO(content))
    tarball = gzip.compress(raw.getvalue(), mtime=0)
    place = pathlib.Path(folder) / "npm" / name.replace("/", "%2f")
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{version}.tgz").write_bytes(tarball)
    dist = {"integrity": "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode(), "shasum": hashlib.sha1(tarball).hexdigest()}
    (place / f"{version}.json").write_text(json.dumps({**manifest, "dist": dist, "_released": released}))
    return dist["integrity"]


class DebianArchive:
    """A signed archive below FOLDER/static/<name>, made by Debian's own tools."""

    def __init__(self, folder, name="debian", suite="stable"):
        self.root = pathlib.Path(folder) / "static" / name
        self.suite = suite
        self.architectures = {"amd64"}
        self._home = pathlib.Path(folder) / f"gnupg-{name}"
        self._home.mkdir(mode=0o700, parents=True)
        self.keyring = pathlib.Path(folder) / f"{name}-keyring.gpg"
        self._gpg("--batch", "--passphrase", "", "--quick-gen-key", f"{name} archive <archive@example.org>", "ed25519", "sign", "never")
        self.keyring.write_bytes(self._gpg("--export"))
        (self.root / "pool/main").mkdir(parents=True)

    def _gpg(self, *arguments):
        return subprocess.run(["gpg", "--homedir", str(self._home), "--quiet", *arguments], check=True, capture_output=True).stdout

    def add(self, package, version="1.0-1", depends="", payload=b"", architecture="amd64"):
        tree = self._home.parent / f"tree-{package}-{version}-{architecture}"
        self.architectures |= {architecture} - {"all"}
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "usr/share" / package).mkdir(parents=True)
        (tree / "usr/share" / package / "payload").write_bytes(payload or package.encode())
        fields = {"Package": package, "Version": version, "Architecture": architecture, "Maintainer": "Test <test@example.org>", "Description": f"test package {package}"}
        if depends:
            fields["Depends"] = depends
        (tree / "DEBIAN/control").write_text("".join(f"{k}: {v}\n" for k, v in fields.items()))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", str(tree), str(self.root / f"pool/main/{package}_{version}_{architecture}.deb")],
                       check=True, capture_output=True)

    def publish(self):
        for architecture in self.architectures:
            packages = self.root / f"dists/{self.suite}/main/binary-{architecture}"
            packages.mkdir(parents=True, exist_ok=True)
            text = subprocess.run(["apt-ftparchive", "--arch", architecture, "packages", "pool"], cwd=self.root, check=True, capture_output=True).stdout
            (packages / "Packages").write_bytes(text)
            (packages / "Packages.gz").write_bytes(gzip.compress(text, mtime=0))
        suite = self.root / f"dists/{self.suite}"
        for stale in ("Release", "InRelease", "Release.gpg"):
            (suite / stale).unlink(missing_ok=True)
        options = [f"APT::FTPArchive::Release::{k}={v}" for k, v in (("Suite", self.suite), ("Codename", self.suite), ("Origin", "Test"), ("Label", "Test"),
                                                                     ("Architectures", " ".join(sorted(self.architectures))), ("Components", "main"))]
        release = subprocess.run(["apt-ftparchive", *[a for o in options for a in ("-o", o)], "release", "."], cwd=suite, check=True, capture_output=True).stdout
        (suite / "Release").write_bytes(release)
        self._gpg("--batch", "--yes", "--clearsign", "-o", str(suite / "InRelease"), str(suite / "Release"))
        self._gpg("--batch", "--yes", "-abs", "-o", str(suite / "Release.gpg"), str(suite / "Release"))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, folder):
        super().__init__(("127.0.0.1", port), Handler)
        self.folder = pathlib.Path(folder)
        self.faults = {}
        self.counts = collections.Counter()  # answers by status
        self.released = threading.Event()  # set when a fault is lifted, so that hanging requests end


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one segment: apart, each answer waits 40 ms for the client's acknowledgement

    def log_message(self, *_):
        pass

    def _fault(self, path):
        return next((kind for prefix, kind in self.server.faults.items() if path.startswith(prefix)), "none")

    def do_POST(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if urllib.parse.urlparse(self.path).path == "/fault":
            self.server.faults[query["path"][0]] = query["kind"][0]
            if query["kind"][0] == "none":
                self.server.released.set()
                self.server.released = threading.Event()
            return self._answer(200, b"ok")
        return self._answer(404, b"{}")

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = urllib.parse.urlparse(self.path).path
        if path == "/counts":
            return self._answer(200, json.dumps(self.server.counts).encode())
        fault = self._fault(urllib.parse.unquote(path))
        if fault == "hang":
            self.server.released.wait(600)
            self.close_connection = True
            return None
        if fault == "garbage":
            return self._answer(200, b"\x00\xff<html>not what you asked for")
        if fault.startswith("status-"):
            return self._answer(int(fault[7:]), b"fault", {"Retry-After": "1"})
        if path.startswith("/npm/"):
            return self._npm(path[5:], fault)
        if path.startswith("/pypi/"):
            status, content, headers = PythonIndex(self.server.folder, self.headers["Host"]).answer(urllib.parse.unquote(path[6:]), self.headers.get("Accept", ""))
            return self._answer(status, self._flip(content, fault), headers)
        if path.startswith("/static/"):
            file = (self.server.folder / urllib.parse.unquote(path[1:])).resolve()
            if file.is_file() and file.is_relative_to(self.server.folder.resolve()):
                return self._answer(200, self._flip(file.read_bytes(), fault), {"ETag": f'"{file.stat().st_mtime_ns}"'})
        return self._answer(404, b'{"error": "not found"}')

    @staticmethod
    def _flip(content, fault):
        """One bit other than what was promised: a lie about a digest."""
        return content[:-1] + bytes([content[-1] ^ 1]) if fault == "flip" and content else content

    def _npm(self, path, fault):
        name, _, tarball = urllib.parse.unquote(path).partition("/-/")
        place = self.server.folder / "npm" / name.replace("/", "%2f")
        if not place.is_dir():
            return self._answer(404, b'{"error": "Not found"}')
        if tarball:
            version = tarball[len(name.split("/")[-1]) + 1:-len(".tgz")]
            file = place / f"{version}.tgz"
            return self._answer(200, self._flip(file.read_bytes(), fault)) if file.is_file() else self._answer(404, b"{}")
        versions, times = {}, {}
        host = self.headers.get("Host", "localhost")
        for file in sorted(place.glob("*.json")):
            manifest = json.loads(file.read_text())
            times[manifest["version"]] = manifest.pop("_released")
            manifest["dist"]["tarball"] = f"http://{host}/npm/{name}/-/{name.split('/')[-1]}-{manifest['version']}.tgz"
            versions[manifest["version"]] = manifest
        newest = max(versions, key=lambda v: [int(n) for n in v.split("-")[0].split(".")])
        document = {"_id": name, "name": name, "dist-tags": {"latest": newest}, "versions": versions,
                    "time": {"created": min(times.values()), "modified": max(times.values()), **times}}
        return self._answer(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _answer(self, status, body, headers=None):
        etag = (headers or {}).get("ETag") or '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        if status == 200 and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        start, length = 0, len(body)
        requested = self.headers.get("Range", "")
        if status == 200 and requested.startswith("bytes=") and requested.endswith("-") and self.headers.get("If-Range", etag) == etag:
            start = int(requested[6:-1])
            status = 206
        self.server.counts[status] += 1
        self.send_response(status)
        for key, value in {**(headers or {}), "ETag": etag, "Content-Length": str(len(body) - start)}.items():
            self.send_header(key, value)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{length - 1}/{length}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[start:])
        return None


if __name__ == "__main__":
    Server(int(sys.argv[1]), sys.argv[2]).serve_forever()
