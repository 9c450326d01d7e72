"""A client that reads everything the high side lists, over and over, while daemons are killed, and holds it against what the upstreams released."""
import base64
import email.utils
import gzip
import hashlib
import http.client
import json
import re
import threading

import catalog
import paths  # noqa: F401
from releases import file_version
from rig import Failure, check


class Watch:
    """Whether the high side was meant to be up: a request that was cut by a kill proves nothing, one that was not is held against the high side."""

    def __init__(self):
        self._lock = threading.Lock()
        self._changes = 0  # even: it is up

    def down(self):
        with self._lock:
            self._changes += 1 - self._changes % 2

    def up(self):
        with self._lock:
            self._changes += self._changes % 2

    def now(self):
        with self._lock:
            return self._changes


class Cut(Exception):
    """The high side went away in the middle: begin again."""


class Poller:
    def __init__(self, port, releases, watch):
        self._port, self._releases, self._watch = port, releases, watch
        self._reader = catalog.Reader(port)
        self._versions = {}  # what was seen last of each document
        self._stop = threading.Event()
        self.sweeps = self.requests = self.cut = self.refused = 0
        self.failure = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def assert_well(self):
        if self.failure:
            raise Failure(f"the poller: {self.failure}")

    def _run(self):
        try:
            while not self._stop.is_set():
                try:
                    catalog.walk(self._get, self._check, self._releases.archive is not None)
                    self.sweeps += 1
                except Cut:
                    self._stop.wait(0.01)
        except Exception as error:  # told by assert_well
            self.failure = f"{type(error).__name__}: {error}"

    def _get(self, path, **options):
        before = self._watch.now()
        if self._stop.is_set():
            raise Cut
        self.requests += 1
        try:
            status, headers, body = self._reader.get(path, **options)
        except (OSError, http.client.HTTPException) as error:
            if not self._excused(before):
                raise Failure(f"{path}: {type(error).__name__}: {error}, and nobody had killed the high side") from error
            self.cut += 1
            raise Cut from error
        if status >= 500 and self._excused(before):
            self.refused += 1
            raise Cut
        if status != 200:
            raise catalog.Missing(path, status, body)
        return headers, body

    def _excused(self, before):
        return before % 2 == 1 or self._watch.now() != before

    def _check(self, kind, name, headers, body):
        getattr(self, "_check_" + kind)(name, headers, body)

    def _newer(self, document, version):
        check(version >= self._versions.get(document, version), f"{document} went back from {self._versions.get(document)} to {version}")
        self._versions[document] = version

    def _check_packument(self, name, _, body):
        packument = json.loads(body)
        numbers = sorted(int(version.split(".")[2]) for version in packument["versions"])
        for version, manifest in packument["versions"].items():
            check(manifest["dist"]["integrity"] == self._releases.integrity[name, version], f"{name}@{version} has another digest than its upstream gave")
        check(set(numbers) >= self._versions.get(("versions of", name), set()), f"{name} lost versions: it has {numbers}")
        self._versions["versions of", name] = set(numbers)
        self._newer(("latest of", name), int(packument["dist-tags"]["latest"].split(".")[2]))

    def _check_tarball(self, name, _, body):
        digest = "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()
        check(digest == name[2], f"the tarball of {name} has the digest {digest}")

    def _check_file(self, name, headers, body):
        path, listed = name
        version = file_version(path.removeprefix("drop/"), body)
        check(version is not None, f"{path} holds {len(body)} bytes that were never released")
        digest = hashlib.sha256(body)
        check(headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:", f"{path} has another Repr-Digest than its bytes")
        # Published between the listing and the file: then it is newer than anything seen.
        check(digest.hexdigest() == listed or version > self._versions.get(path, 0), f"{path} is older than its listing")
        self._newer(path, version)

    def _check_release(self, name, _, body):
        date = re.search(r"^Date: (.*)$", body.decode(), re.MULTILINE).group(1)
        self._newer(("date of", name), email.utils.parsedate_to_datetime(date))

    def _check_packages(self, digest, _, body):
        check(hashlib.sha256(body).hexdigest() == digest, "Packages is not the one that InRelease names")
        versions = [package["Version"] for package in catalog.stanzas(gzip.decompress(body)) if package["Package"] == "tool"]
        self._newer("tool", max(int(version.split("-")[0].split(".")[1]) for version in versions))

    def _check_deb(self, name, _, body):
        check(hashlib.sha256(body).hexdigest() == name[1], f"{name[0]} has another digest than Packages gives")
