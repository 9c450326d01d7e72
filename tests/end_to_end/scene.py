"""What most end-to-end tests set up: upstreams of a few dozen packages, and a rig whose low side wants them."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.parse

from rig import Namespaces, Rig, check, free_port, run
from upstreams import DebianArchive, make_npm_package

HERE = pathlib.Path(__file__).resolve().parent
NPM_PACKAGES = 40
POLL = "1h"  # a source is polled at start and on SIGHUP; nothing depends on the clock


class Scene:
    """Upstreams in the low side's namespace, and sources that want them."""

    def __init__(self, namespaces=None, seed=1):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-upstreams-"))
        self.namespaces = namespaces
        self.dice = random.Random(seed)
        self.drop = self.folder / "drop"
        self.drop.mkdir()
        self.integrity = {}
        self._fill()
        self.port = free_port()
        prefix = ["ip", "netns", "exec", namespaces.low] if namespaces else []
        self._server = subprocess.Popen(prefix + [sys.executable, str(HERE / "upstreams.py"), str(self.port), str(self.folder)],
                                        stdin=subprocess.DEVNULL)

    def _fill(self):
        # A tree in which every package needs two later ones, one of them scoped, and payloads from empty to 300 kB.
        names = ["@scope/leaf" if i == NPM_PACKAGES - 1 else f"pkg-{i}" for i in range(NPM_PACKAGES)]
        for i, name in enumerate(names):
            needs = {names[j]: "^1.0.0" for j in (2 * i + 1, 2 * i + 2) if j < NPM_PACKAGES}
            self.integrity[name] = make_npm_package(self.folder, name, "1.0.0", needs, self.dice.randbytes(self.dice.choice([0, 100, 5000, 70000, 300000])))
        self.debian = DebianArchive(self.folder)
        self.debian.add("tool", depends="libtool-one (>= 1.0), libtool-two", payload=self.dice.randbytes(200000))
        self.debian.add("libtool-one", depends="libtool-two", payload=self.dice.randbytes(3000000))
        self.debian.add("libtool-two")
        self.debian.add("unwanted")
        self.debian.publish()
        (self.drop / "sub dir").mkdir()
        (self.drop / "sub dir/big.bin").write_bytes(self.dice.randbytes(5_000_000))
        (self.drop / "empty").write_bytes(b"")

    def sources(self, want=("pkg-0@^1.0.0",), packages=("tool",), kinds=("npm", "apt", "files"), **npm):
        low_apt = {"name": "debian", "archive": "debian", "mode": "subset", "sources": [self._sources_file()], "packages": list(packages),
                   "architectures": ["amd64"], "interval": POLL}
        available = {
            "npm": ("[npm]", {"name": "npm", "registry": f"http://127.0.0.1:{self.port}/npm/", "want": list(want), "interval": POLL, **npm}),
            "apt": ("[apt]", low_apt),
            "files": ("[files]", {"name": "drop", "collection": "drop", "folder": self.drop, "settle": "0s", "interval": POLL}),
        }
        return [available[kind] for kind in kinds]

    def _sources_file(self):
        path = self.folder / "debian.sources"
        path.write_text(f"Types: deb\nURIs: http://127.0.0.1:{self.port}/static/debian\nSuites: stable\nComponents: main\n"
                        f"Signed-By: {self.debian.keyring}\n")
        return path

    def wait_until_up(self, rig):
        def up():
            prefix = ["ip", "netns", "exec", self.namespaces.low] if self.namespaces else []
            return run(*prefix, "curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{self.port}/", ok=False).returncode == 0
        rig.wait_until(up, "the upstreams answer")

    def fault(self, rig, path, kind):
        query = urllib.parse.urlencode({"path": path, "kind": kind})
        code, _, _ = rig.http(self.port, "/fault?" + query, side="low", method="POST", headers={"Content-Length": "0"})
        check(code == 200, f"setting a fault answered {code}")

    def close(self):
        self._server.kill()
        self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def inside(rig, *command, **options):
    """Runs a client in the high side's namespace."""
    prefix = ["ip", "netns", "exec", rig.namespaces.high] if rig.namespaces else []
    return run(*prefix, *command, **options)


def npm(rig, project, *arguments, ok=True):
    home = rig.folder / "npm-home"
    home.mkdir(exist_ok=True)
    for name in ("user", "global"):  # npm refuses one file for both
        (home / name).write_text("")
    return inside(rig, "env", "-i", f"PATH={os.environ['PATH']}", f"HOME={home}", "npm", f"--registry=http://127.0.0.1:{rig.serve}/npm/",
                  f"--userconfig={home}/user", f"--globalconfig={home}/global", "--no-audit", "--no-fund", "--no-update-notifier", *arguments,
                  cwd=project, ok=ok)


def check_npm(rig, scene, want="pkg-0"):
    """npm install without a lock file, then npm ci with the one it wrote; every digest equals what the upstream published."""
    project = pathlib.Path(tempfile.mkdtemp(dir=rig.folder))
    (project / "package.json").write_text(json.dumps({"name": "app", "version": "1.0.0", "dependencies": {want: "^1.0.0"}}))
    npm(rig, project, "install")
    lock = json.loads((project / "package-lock.json").read_text())["packages"]
    installed = {place.split("node_modules/")[-1]: entry["integrity"] for place, entry in lock.items() if place}
    check(installed == scene.integrity, f"npm installed {len(installed)} packages, {len(scene.integrity)} were published, or digests differ")
    shutil.rmtree(project / "node_modules")
    npm(rig, project, "ci")
    loaded = inside(rig, "node", "-e", f"console.log(require('{want}'))", cwd=project).stdout.strip()
    check(loaded == f"{want}@1.0.0", f"node loaded '{loaded}'")


def apt_options(rig, folder, keyring, architectures=("amd64",)):
    """The first architecture is the machine's own."""
    for name in ("lists/partial", "archives/partial", "etc/preferences.d", "etc/apt.conf.d"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").write_text("")
    (folder / "etc/sources.list").write_text(f"deb [signed-by={keyring} arch={','.join(architectures)}] http://127.0.0.1:{rig.serve}/apt/debian stable main\n")
    values = {"Dir::Etc": folder / "etc", "Dir::Etc::sourcelist": folder / "etc/sources.list", "Dir::Etc::sourceparts": "-", "Dir::State": folder,
              "Dir::State::lists": folder / "lists", "Dir::State::status": folder / "status", "Dir::Cache": folder, "Dir::Cache::archives": folder / "archives",
              "APT::Sandbox::User": "root", "APT::Architecture": architectures[0], "APT::Architectures": ",".join(architectures), "Acquire::AllowInsecureRepositories": "false"}
    return [part for key, value in values.items() for part in ("-o", f"{key}={value}")]


def check_apt(rig, scene, package="tool", expected=("tool", "libtool-one", "libtool-two")):
    folder = pathlib.Path(tempfile.mkdtemp(dir=rig.folder))
    code, _, key = rig.get("/apt/debian/debian.asc")
    check(code == 200, f"the archive's key answered {code}")
    (folder / "site.asc").write_bytes(key)
    options = apt_options(rig, folder, folder / "site.asc")
    inside(rig, "apt-get", "-q", *options, "update")
    inside(rig, "apt-get", "-q", "-y", *options, "install", "--download-only", package)
    got = {deb.name.split("_")[0]: hashlib.sha256(deb.read_bytes()).hexdigest() for deb in (folder / "archives").glob("*.deb")}
    upstream = {deb.name.split("_")[0]: hashlib.sha256(deb.read_bytes()).hexdigest() for deb in (scene.debian.root / "pool/main").glob("*.deb")}
    check(got == {name: upstream[name] for name in expected}, f"apt downloaded {sorted(got)}, or digests differ")


def check_files(rig, scene, originals):
    for path, content in originals.items():
        code, headers, body = rig.get("/files/drop/" + urllib.parse.quote(path))
        check(code == 200 and body == content, f"/files/drop/{path} answered {code} with {len(body)} bytes instead of {len(content)}")
        check("repr-digest" in headers, "no Repr-Digest header")


def drop_contents(scene):
    return {str(p.relative_to(scene.drop)): p.read_bytes() for p in scene.drop.rglob("*") if p.is_file()}
