#!/usr/bin/env python3
"""A model and a dataset cross from a hub; a client that asks as huggingface_hub does gets every byte, follows the branch, and keeps the commit that it pinned."""
import hashlib
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse

from hub import LFS_ABOVE, git_oid
from rig import Rig, check, free_port, main, run

HERE = pathlib.Path(__file__).resolve().parent
FIRST, SECOND = "a1" * 20, "b2" * 20


class HubScene:
    """A hub on loopback, and a source that wants of it."""

    def __init__(self, seed=1):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-hub-"))
        self.dice = random.Random(seed)
        self.port = free_port()
        self._server = subprocess.Popen([sys.executable, str(HERE / "hub.py"), str(self.port), str(self.folder)], stdin=subprocess.DEVNULL)

    def put(self, repository, commit, files, branch="main"):
        for path, data in files.items():
            place = self.folder / repository / "commits" / commit / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        refs = self.folder / repository / "refs"
        refs.mkdir(exist_ok=True)
        (refs / branch).write_text(commit)

    def source(self, *want, **more):
        return ("[huggingface]", {"name": "hub", "hub": f"http://127.0.0.1:{self.port}/", "interval": "1h", "want": list(want), **more})

    def wait_until_up(self, rig):
        rig.wait_until(lambda: run("curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{self.port}/", ok=False).returncode == 0, "the hub answers")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.kill()
        self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def model(dice, payload):
    return {"config.json": b'{"hidden": 8}', "README.md": b"# tiny\n", "onnx/model.onnx": dice.randbytes(payload), "onnx/deep/er/w 1.bin": dice.randbytes(5000),
            "empty": b""}


def snapshot(rig, kind, repository, revision):
    """What huggingface_hub's snapshot_download does: the commit, its tree, of each file the head and then the bytes."""
    prefix = "" if kind == "models" else f"{kind}/"
    code, headers, body = rig.get(f"/hf/api/{kind}/{repository}/revision/{revision}")
    check(code == 200, f"{repository}@{revision} answered {code}: {body[:200]}")
    about = json.loads(body)
    commit = about["sha"]
    check(about["id"] == repository and headers["x-repo-commit"] == commit, f"the hub describes {about['id']} at {headers['x-repo-commit']}")
    code, _, body = rig.get(f"/hf/api/{kind}/{repository}/tree/{commit}?recursive=true")
    check(code == 200, f"the tree answered {code}")
    files = {}
    for entry in json.loads(body):
        check("xetHash" not in entry, "Xet is spoken of")
        if entry["type"] != "file":
            continue
        at = f"/hf/{prefix}{repository}/resolve/{commit}/{urllib.parse.quote(entry['path'])}"
        code, head, _ = rig.get(at, method="HEAD")
        check(code == 200 and head["x-repo-commit"] == commit, f"HEAD {at} answered {code}")
        code, _, data = rig.get(at)
        check(code == 200 and len(data) == entry["size"] == int(head["content-length"]), f"GET {at} answered {code} with {len(data)} bytes")
        expected = hashlib.sha256(data).hexdigest() if "lfs" in entry else git_oid(data)
        check(head.get("x-linked-etag", head["etag"]).strip('"') == expected, f"{at} has the ETag {head['etag']}")
        check(("lfs" in entry) == (len(data) > LFS_ABOVE), f"{at} is in LFS or is not, but wrongly")
        files[entry["path"]] = data
    check({sibling["rfilename"] for sibling in about["siblings"]} == set(files), "the siblings are others than the tree's")
    return commit, files


def crosses_and_follows_its_branch():
    with HubScene() as hub:
        first, table = model(hub.dice, 3_000_000), {"data/train-00000.parquet": hub.dice.randbytes(200_000), "README.md": b"# set\n"}
        hub.put("models/org/tiny", FIRST, first)
        hub.put("datasets/org/set", FIRST, table)
        with Rig(low_extra=[hub.source("org/tiny", "datasets/org/set")]) as rig:
            hub.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            check(snapshot(rig, "models", "org/tiny", "main") == (FIRST, first), "the model's bytes are others than the hub's")
            check(snapshot(rig, "datasets", "org/set", "main") == (FIRST, table), "the dataset's bytes are others than the hub's")
            part = {"Range": "bytes=1000-1999"}
            code, headers, body = rig.get("/hf/org/tiny/resolve/main/onnx/model.onnx", headers=part)
            check(code == 206 and body == first["onnx/model.onnx"][1000:2000], f"a range answered {code}: {headers}")

            second = {**first, "config.json": b'{"hidden": 16}', "new.txt": b"new"}
            del second["README.md"]
            hub.put("models/org/tiny", SECOND, second)
            rig.send_signal("low", signal.SIGHUP)
            rig.wait_until(lambda: rig.get("/hf/api/models/org/tiny")[2].find(SECOND.encode()) > 0, "the branch has moved")
            check(snapshot(rig, "models", "org/tiny", "main") == (SECOND, second), "the new revision's bytes are others than the hub's")
            check(snapshot(rig, "models", "org/tiny", FIRST) == (FIRST, first), "the commit that was pinned has changed")


def one_repository_that_cannot_be_had_stops_no_other():
    with HubScene() as hub:
        files = model(hub.dice, 100_000)
        hub.put("models/org/tiny", FIRST, files)
        hub.put("models/org/good", FIRST, {"a": b"a"})
        with Rig(low_extra=[hub.source("org/tiny", "org/good", "org/gone", exclude=["*.md"])]) as rig:
            hub.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            check(snapshot(rig, "models", "org/good", "main")[1] == {"a": b"a"}, "one repository that cannot be had stops another")
            rig.wait_until(lambda: "org/gone" in rig.log("low"), "the repository that is gone is named")
            code, headers, _ = rig.get("/hf/api/models/org/gone")
            check(code == 404 and headers["x-error-code"] == "RepoNotFound", f"what is not held answered {code}")
            code, headers, _ = rig.get("/hf/org/tiny/resolve/main/README.md")
            check(code == 404 and headers["x-error-code"] == "EntryNotFound", f"what was left out answered {code}")


if __name__ == "__main__":
    main([crosses_and_follows_its_branch, one_repository_that_cannot_be_had_stops_no_other])
