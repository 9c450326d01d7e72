"""Upstreams that keep releasing: npm packages in ever more versions, files that are replaced, a Debian archive that is signed anew.

What a file holds follows from its path and version alone, so that a reader can tell every byte of it and which version it is, whenever it reads.
"""
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import paths
from rig import free_port
from upstreams import DebianArchive, make_npm_package

POLL = "1h"  # a source is polled at start and on SIGHUP
NPM_PACKAGES = ("alpha", "beta", "@scope/gamma", "delta")
FILES = ("small.txt", "folder/inline.bin", "folder/file.bin", "large.bin")
NPM_PAYLOADS = (0, 3000, 90_000, 300_000)  # inline and as files, of one block and of several
BULK = 80  # small files that come together: enough for packs
FILE_BYTES = {"small.txt": 200, "folder/inline.bin": 40_000, "folder/file.bin": 250_000, "large.bin": 700_000}


def file_content(path, version):
    head = f"{path} version {version}\n".encode()
    return head + random.Random(f"{path} {version}").randbytes(FILE_BYTES[path] - len(head))


def file_version(path, content):
    """Which version of the file this is; None if it is none, byte for byte."""
    found = re.match(rb"(.*) version (\d+)\n", content)
    version = int(found.group(2)) if found else 0
    return version if version and content == file_content(path, version) else None


class Archive:
    """A Debian archive that is replaced as a whole, by one rename, as a careful vendor does it."""

    def __init__(self, folder):
        self._served = folder / "static" / "archive"
        self._built = DebianArchive(folder, name="archive-built")
        self.keyring = self._built.keyring
        self.version = 0
        self.release(random.Random(0))

    def release(self, dice):
        self.version += 1
        self._built.add("tool", version=f"1.{self.version}-1", depends="libtool-one", payload=dice.randbytes(60_000))
        if self.version == 1:
            self._built.add("libtool-one", payload=dice.randbytes(150_000))
        self._built.publish()
        copy = self._served.with_name(f"archive-{self.version}")
        shutil.copytree(self._built.root, copy)
        link = self._served.with_name("archive.new")
        link.symlink_to(copy)
        link.rename(self._served)


class Releases:
    """Everything in one temporary folder, served by upstreams.py. `apt`: whether there is a Debian archive too, which costs a second a release."""

    def __init__(self, seed, apt=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-releases-"))
        self.dice = random.Random(seed)
        self.drop = self.folder / "drop"
        self.bulk = self.folder / "bulk"
        self.lock = self.folder / "package-lock.json"
        self.npm = {name: 0 for name in NPM_PACKAGES}
        self.files = {path: 0 for path in FILES}
        self.integrity = {}  # (package, version) → what the upstream says
        self.rounds = 0
        for path in FILES:
            (self.drop / path).parent.mkdir(parents=True, exist_ok=True)
            self._release_file(path)
        self.bulk.mkdir()
        for number in range(BULK):
            (self.bulk / f"small-{number}.bin").write_bytes(random.Random(number).randbytes(40_000))
        for name in NPM_PACKAGES:
            self._release_npm(name)
        self._write_lock()
        self.archive = Archive(self.folder) if apt else None
        self.port = free_port()
        self._server = subprocess.Popen([sys.executable, str(paths.END_TO_END / "upstreams.py"), str(self.port), str(self.folder)],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def release(self):
        """Something new: always a package or a file, at times both, and every eighth time the archive."""
        self.rounds += 1
        what = self.dice.random()
        if what < 0.7:
            self._release_npm(self.dice.choice(NPM_PACKAGES))
            self._write_lock()
        if what > 0.4:
            self.release_file()
        if self.archive and self.rounds % 8 == 0:
            self.archive.release(self.dice)

    def release_file(self):
        self._release_file(self.dice.choice(FILES))

    def _release_file(self, path):
        self.files[path] += 1
        beside = self.drop / (path + ".part")
        beside.write_bytes(file_content(path, self.files[path]))
        beside.rename(self.drop / path)

    def _release_npm(self, name):
        self.npm[name] += 1
        version = f"1.0.{self.npm[name]}"
        payload = self.dice.randbytes(self.dice.choice(NPM_PAYLOADS))
        made = self.folder / "making"
        self.integrity[name, version] = make_npm_package(made, name, version, payload=payload, released=f"2024-01-01T00:00:00.{self.npm[name]:03}Z")
        place = self.folder / "npm" / name.replace("/", "%2f")
        place.mkdir(parents=True, exist_ok=True)
        for ending in ("tgz", "json"):  # the manifest last: it is what lists the other
            (made / "npm" / place.name / f"{version}.{ending}").rename(place / f"{version}.{ending}")

    def _write_lock(self):
        """A project that needs every version there is, so that what is wanted does not depend on when the low side looks."""
        packages = {"": {"name": "wanted", "version": "1.0.0"}}
        for name, version in self.integrity:
            packages[f"node_modules/needs-{version}/node_modules/{name}"] = {"version": version, "integrity": self.integrity[name, version]}
        beside = self.lock.with_suffix(".new")
        beside.write_text(json.dumps({"name": "wanted", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}))
        beside.rename(self.lock)

    def sources(self, kinds=("npm", "files")):
        available = {
            "npm": ("[npm]", {"name": "npm", "registry": f"http://127.0.0.1:{self.port}/npm/", "files": [self.lock], "interval": POLL}),
            "files": ("[files]", {"name": "drop", "collection": "drop", "folder": self.drop, "settle": "0s", "interval": POLL}),
            "bulk": ("[files]", {"name": "bulk", "collection": "bulk", "folder": self.bulk, "settle": "0s", "interval": POLL}),
        }
        sections = [available[kind] for kind in kinds]
        if self.archive:
            sections.append(("[apt]", {"name": "debian", "archive": "debian", "mode": "full", "sources": [self._sources_file()], "architectures": ["amd64"],
                                       "interval": POLL}))
        return sections

    def mirrors(self):
        """What the high side must be told of them."""
        return [("[apt]", {"archive": "debian", "keyrings": [self.archive.keyring]})] if self.archive else []

    def _sources_file(self):
        path = self.folder / "debian.sources"
        path.write_text(f"Types: deb\nURIs: http://127.0.0.1:{self.port}/static/archive\nSuites: stable\nComponents: main\nSigned-By: {self.archive.keyring}\n")
        return path

    def fault(self, path, kind):
        """What happens to requests below that path from now on, as in upstreams.py."""
        query = urllib.parse.urlencode({"path": path, "kind": kind})
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.port}/fault?{query}", method="POST", data=b"")).close()

    def close(self):
        self._server.kill()
        self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
