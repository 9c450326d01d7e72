#!/usr/bin/env python3
"""Snapshots: clients that name one resolve alike after newer editions were published and after garbage was collected; what differs between two is named
exactly; what no edition shows is freed on the disk, and nothing else."""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import tempfile

from python_index import PythonIndex
from pypi_test import LINUX, PYTHON, installed
from rig import Rig, check, main
from scene import POLL, Scene, inside
from upstreams import make_npm_package

DAY_ONE, DAY_TWO = "2024-01-01T00:00:00.000Z", "2024-02-01T00:00:00.000Z"


class SnapshotScene(Scene):
    def _fill(self):
        self.index = PythonIndex(self.folder)
        self.bytes = {}
        make_npm_package(self.folder, "app", "1.0.0", {"@scope/part": "^1.0.0"}, self.dice.randbytes(300_000), DAY_ONE)
        make_npm_package(self.folder, "@scope/part", "1.0.0", {}, self.dice.randbytes(100), DAY_ONE)
        self.index.add_wheel("tool", "1.0", ["helper"], payload=self.dice.randbytes(200_000))
        self.index.add_wheel("helper", "1.0")
        self.drop_file("model.bin")
        self.drop_file("stays.txt", 1000)

    def drop_file(self, name, size=2_000_000):
        """A file of new bytes in the drop folder; what it holds is remembered by its digest."""
        content = self.dice.randbytes(size)
        (self.drop / name).write_bytes(content)
        self.bytes[hashlib.sha256(content).hexdigest()] = content
        return hashlib.sha256(content).hexdigest()

    def all_sources(self):
        return [("[npm]", {"name": "npm", "registry": f"http://127.0.0.1:{self.port}/npm/", "want": ["app@^1.0.0"], "interval": POLL}),
                ("[files]", {"name": "drop", "collection": "drop", "folder": self.drop, "settle": "0s", "interval": POLL}),
                ("[pypi]", {"name": "python", "index": f"http://127.0.0.1:{self.port}/pypi/simple/", "python": PYTHON, "interval": POLL, "targets": [LINUX],
                            "want": ["tool"]})]


@contextlib.contextmanager
def running():
    with SnapshotScene() as scene, Rig(low_extra=scene.all_sources(), high_extra=[("catalog", {"keep_editions_for": "1s", "gc_every": "0s"})]) as rig:
        scene.wait_until_up(rig)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        yield rig, scene


def poll_again(rig):
    before = [source["polls"] for source in rig.status("low")["sources"]]
    rig.send_signal("low", signal.SIGHUP)
    rig.wait_until(lambda: all(source["polls"] > polls for source, polls in zip(rig.status("low")["sources"], before)), "every source was polled again")
    rig.wait_until_crossed()


def npm_lock(rig, prefix):
    """What npm resolves below a prefix, and what it installs from that lock file: {package: (version, integrity)}; every address in it begins with the prefix."""
    project, home = (pathlib.Path(tempfile.mkdtemp(dir=rig.folder)) for _ in range(2))
    (project / "package.json").write_text(json.dumps({"name": "site", "version": "1.0.0", "dependencies": {"app": "^1.0.0"}}))
    for name in ("user", "global"):
        (home / name).write_text("")
    root = f"http://127.0.0.1:{rig.serve}{prefix}/npm/"
    command = ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={home}", "npm", f"--registry={root}", f"--userconfig={home}/user", f"--globalconfig={home}/global",
               "--no-audit", "--no-fund", "--no-update-notifier"]
    inside(rig, *command, "install", cwd=project)
    lock = json.loads((project / "package-lock.json").read_text())["packages"]
    entries = {place.split("node_modules/")[-1]: entry for place, entry in lock.items() if place}
    for entry in entries.values():
        check(entry["resolved"].startswith(root), f"npm was led away from {root} to {entry['resolved']}")
    shutil.rmtree(project / "node_modules")
    shutil.rmtree(home / ".npm")
    inside(rig, *command, "ci", cwd=project)
    loaded = inside(rig, "node", "-e", "console.log(require('app'))", cwd=project).stdout.strip()
    check(loaded == f"app@{entries['app']['version']}", f"node loaded {loaded}")
    return {name: (entry["version"], entry["integrity"]) for name, entry in entries.items()}


def pip_set(rig, prefix):
    """What pip installs below a prefix: {project: version}, with the digest of every file that it wrote."""
    home, target = (pathlib.Path(tempfile.mkdtemp(dir=rig.folder)) for _ in range(2))
    inside(rig, "env", "-i", f"PATH={os.environ['PATH']}", f"HOME={home}", "PIP_CONFIG_FILE=/dev/null",
           f"PIP_INDEX_URL=http://127.0.0.1:{rig.serve}{prefix}/pypi/simple/", PYTHON, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input",
           "--no-cache-dir", "install", "--no-compile", "--target", target, "tool")
    files = {str(path.relative_to(target)): hashlib.sha256(path.read_bytes()).hexdigest() for path in target.rglob("*")
             if path.is_file() and path.name not in ("direct_url.json", "INSTALLER", "RECORD", "REQUESTED")}
    return installed(rig, target), files


def resolve(rig, prefix):
    return npm_lock(rig, prefix), pip_set(rig, prefix)


def file_digest(rig, prefix, name):
    code, _, body = rig.get(f"{prefix}/files/drop/{name}")
    return hashlib.sha256(body).hexdigest() if code == 200 else code


def on_disk(rig, digest):
    return (rig.folder / "high/state/blobs" / digest[:2] / digest[2:4] / digest).exists()


def gc(rig, *flags):
    return json.loads(rig.run("high", "gc", "--json", *flags).stdout)


def difference(rig, before, after):
    """{(change, ecosystem, document, change of the item, kind, name)} of a `snapshot diff`."""
    found = json.loads(rig.run("high", "snapshot", "diff", before, after, "--json").stdout)
    return {(document["change"], document["ecosystem"], document["document"], item["change"], item["kind"], item["name"])
            for document in found["changes"] for item in document["items"]}


def release(scene):
    """Upstream moves on: new versions, a yank, another file under a name, and one more."""
    make_npm_package(scene.folder, "app", "1.1.0", {"@scope/part": "^1.0.0", "extra": "^1.0.0"}, b"new", DAY_TWO)
    make_npm_package(scene.folder, "extra", "1.0.0", {}, b"", DAY_TWO)
    scene.index.add_wheel("tool", "1.1", ["helper"])
    scene.index.says("tool", "tool-1.0-py3-none-any.whl", yanked="it was broken")
    (scene.drop / "more.txt").write_bytes(b"more")
    return scene.drop_file("model.bin")


def two_clients_on_one_snapshot_resolve_alike():
    with running() as (rig, scene):
        first = next(digest for digest, content in scene.bytes.items() if len(content) > 1_000_000)
        told = rig.run("high", "snapshot", "create", "q3", "--keep-for", "1y", "--note", "for the audit").stdout
        check("snapshot q3 is edition" in told, told)
        alike = resolve(rig, "/snapshot/q3")
        check(alike[0]["app"][0] == "1.0.0" and alike[1][0] == {"tool": "1.0", "helper": "1.0"}, f"the first clients resolved {alike}")

        second = release(scene)
        poll_again(rig)
        rig.run("high", "snapshot", "create", "q4")
        check(resolve(rig, "/snapshot/q3") == alike, "after newer editions the snapshot resolves otherwise")
        newer = resolve(rig, "")
        check(newer[0]["app"][0] == "1.1.0" and newer[1][0] == {"tool": "1.1", "helper": "1.0"}, f"without a snapshot clients got {newer}")
        check(resolve(rig, "/snapshot/q4") == newer, "q4 is not what was current when it was made")
        number = json.loads(rig.get("/snapshot/q3/")[2])["edition"]
        check(resolve(rig, f"/edition/{number}") == alike, "by its number the edition resolves otherwise")

        expected = {("changed", "npm", "app", "added", "version", "1.1.0"), ("changed", "npm", "app", "changed", "dist-tag", "latest"),
                    ("added", "npm", "extra", "added", "version", "1.0.0"), ("added", "npm", "extra", "added", "dist-tag", "latest"),
                    ("changed", "pypi", "tool", "added", "file", "tool-1.1-py3-none-any.whl"),
                    ("changed", "pypi", "tool", "added", "yank", "tool-1.0-py3-none-any.whl"),
                    ("changed", "file", "drop/model.bin", "changed", "file", "drop/model.bin"),
                    ("added", "file", "drop/more.txt", "added", "file", "drop/more.txt")}
        got = difference(rig, "q3", "q4")
        check(got == expected, f"the difference has {got - expected} too much, and lacks {expected - got}")
        turned = {"added": "removed", "removed": "added", "changed": "changed"}
        check(difference(rig, "q4", "q3") == {(turned[d], e, doc, turned[i], k, n) for d, e, doc, i, k, n in expected}, "backwards it is another difference")
        check(difference(rig, "q4", "current") == set() == difference(rig, str(number), "q3"), "there are differences where there are none")
        text = rig.run("high", "snapshot", "diff", "q3", "q4").stdout
        check("~ npm app\n" in text and "~ dist-tag latest: 1.0.0 -> 1.1.0" in text and "2 documents added, 0 removed, 3 changed" in text, text)

        between = second
        third = scene.drop_file("model.bin")
        poll_again(rig)
        fourth = scene.drop_file("model.bin")
        poll_again(rig)
        check(file_digest(rig, "", "model.bin") == fourth and on_disk(rig, third), "the files did not follow")

        # The low side holds what it has sent; what it may build upon stays.
        edition = rig.status("high")["catalog"]["edition"]
        rig.wait_until(lambda: gc(rig, "--dry-run")["oldest_edition"] == edition, "the editions without a name are old")
        kept = gc(rig)
        check(kept["blobs"] == 0 and kept["states"] > 0 and on_disk(rig, third), f"what the low side still holds was freed: {kept}")
        rig.stop("low")
        rig.configure("low", scene.all_sources(), {"spool": {"keep_bytes": "1MiB"}})
        rig.start("low")
        rig.wait_until(lambda: gc(rig, "--dry-run")["blobs"] > 0, "the high side hears that the low side holds less")
        would = gc(rig, "--dry-run")
        bytes_before = rig.status("high")["store"]["bytes"]
        check(on_disk(rig, third), "a dry run freed something")
        text = rig.run("high", "gc").stdout
        freed = rig.status("high")["gc"]
        check(text.startswith("freed ") and freed["blobs"] == would["blobs"] and freed["bytes"] == would["bytes"] > 2_000_000, f"{text} after {would}")
        check(rig.status("high")["store"]["bytes"] == bytes_before - freed["bytes"], "the store did not shrink by what was freed")
        check(not on_disk(rig, third), "the file that no edition shows is on the disk still")
        for digest in (first, between, fourth):
            check(on_disk(rig, digest), "a file that an edition shows is gone")
        check(gc(rig)["blobs"] == 0, "a second run found more")

        def after_gc():
            check(resolve(rig, "/snapshot/q3") == alike and resolve(rig, "/snapshot/q4") == newer, "after gc the snapshots resolve otherwise")
            check([file_digest(rig, prefix, "model.bin") for prefix in ("/snapshot/q3", "/snapshot/q4", "")] == [first, between, fourth], "other files than before")
            check(difference(rig, "q3", "q4") == expected, "after gc the difference is another")
            for path in (f"/edition/{edition - 1}/npm/app", "/snapshot/q5/npm/app", f"/edition/{edition + 1}/npm/app"):
                code, _, body = rig.get(path)
                check(code == 404 and b"/snapshot/" in body or b"/edition/" in body, f"{path} answered {code} {body}")
            check("no gaps" in rig.run("high", "gaps").stdout, "there are gaps")

        after_gc()
        rig.stop("high")
        rig.start("high")
        after_gc()

        listing = json.loads(rig.get("/snapshot/")[2])
        check([(s["name"], s["note"]) for s in listing["snapshots"]] == [("q3", "for the audit"), ("q4", "")], f"the listing says {listing}")
        check(json.loads(rig.run("high", "snapshot", "list", "--json").stdout) == listing, "the two listings differ")
        taken = rig.run("high", "snapshot", "create", "q3", ok=False)
        check(taken.returncode == 1 and "choose another name" in taken.stderr, f"a name was given twice: {taken.stdout}{taken.stderr}")
        rig.run("high", "snapshot", "delete", "q3")
        check(rig.get("/snapshot/q3/npm/app")[0] == 404 and on_disk(rig, first), "a deleted name is served, or was freed at once")
        check(gc(rig)["blobs"] > 0 and not on_disk(rig, first), "what only the deleted one showed is on the disk still")
        check(resolve(rig, "/snapshot/q4") == newer, "the other snapshot resolves otherwise")


if __name__ == "__main__":
    main([two_clients_on_one_snapshot_resolve_alike])
