"""What ingest.sh runs: both daemons on loopback, upstreams of tests/end_to_end, npm and pip themselves."""
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
from python_index import PythonIndex  # noqa: E402
from rig import Rig, check, run  # noqa: E402
from scene import Scene, inside  # noqa: E402
from upstreams import make_npm_package  # noqa: E402

PYTHON = "/usr/bin/python3"
TARGET = "3.11/manylinux_2_28_x86_64"


def sizes(count, seed=1):
    """Like those of packages: most small, some of a megabyte."""
    dice = random.Random(seed)
    return [dice.randbytes(min(int(dice.lognormvariate(9, 1.5)), 2_000_000)) for _ in range(count)]


class Npm(Scene):
    count = 300

    def _fill(self):
        for i, payload in enumerate(sizes(self.count)):
            needs = {f"pkg-{j}": "^1.0.0" for j in (2 * i + 1, 2 * i + 2) if j < self.count}
            make_npm_package(self.folder, f"pkg-{i}", "1.0.0", needs, payload)

    def source(self, **wants):
        return [("[npm]", {"name": "npm", "registry": f"http://127.0.0.1:{self.port}/npm/", "interval": "1h", **wants})]

    wants = {"want": ["pkg-0"]}
    page = "/npm/pkg-0"

    def client(self, folder, root):
        (folder / "package.json").write_text(json.dumps({"name": "app", "version": "1.0.0", "dependencies": {"pkg-0": "^1.0.0"}}))
        for name in ("user", "global"):
            (folder / name).write_text("")
        run("env", "-i", f"PATH={os.environ['PATH']}", f"HOME={folder}", "npm", f"--registry={root}/npm/", f"--userconfig={folder}/user",
            f"--globalconfig={folder}/global", "--no-audit", "--no-fund", "--no-update-notifier", "install", cwd=folder)
        return len(list((folder / "node_modules").iterdir())) - 1  # .package-lock.json


class Many(Npm):
    count = 2000


class Pypi(Scene):
    count = 300

    def _fill(self):
        index = PythonIndex(self.folder)
        for i, payload in enumerate(sizes(self.count)):
            needs = [f"node-{j}>=1.0,<2" for j in (2 * i + 1, 2 * i + 2) if j < self.count]
            index.add_wheel(f"node-{i}", "1.0", needs, payload=payload)

    def source(self, **wants):
        return [("[pypi]", {"name": "python", "index": f"http://127.0.0.1:{self.port}/pypi/simple/", "python": PYTHON, "interval": "1h",
                            "targets": [TARGET], **wants})]

    wants = {"want": ["node-0"]}
    page = "/pypi/simple/node-0/"

    def client(self, folder, root):
        run("env", "-i", f"PATH={os.environ['PATH']}", f"HOME={folder}", "PIP_CONFIG_FILE=/dev/null", f"PIP_INDEX_URL={root}/pypi/simple/", PYTHON, "-I", "-m", "pip",
            "--disable-pip-version-check", "--no-cache-dir", "install", "--no-compile", "--target", folder / "installed", "node-0")
        return len(list((folder / "installed").glob("*.dist-info")))


def is_there(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return False


def timed(action):
    started = time.monotonic()
    result = action()
    return result, time.monotonic() - started


def install(scene, root):
    folder = pathlib.Path(tempfile.mkdtemp(dir=scene.folder))
    count, seconds = timed(lambda: scene.client(folder, root))
    check(count == scene.count, f"the client installed {count} of {scene.count} packages from {root}")
    shutil.rmtree(folder)
    return seconds


def wait_for_poll(rig, polls):
    return rig.wait_until(lambda: rig.status("low")["sources"][0]["polls"] >= polls, f"poll {polls} has ended")


def asked_for(rig, scene):
    """A rig whose low side has been told of the scene's wants just now; the seconds until the high side has them."""
    scene.wait_until_up(rig)
    rig.start("high")
    rig.start("low")
    rig.wait_until_listening()
    rig.configure("low", scene.source(**scene.wants))
    rig.send_signal("low", signal.SIGHUP)
    return timed(lambda: rig.wait_until(lambda: is_there(f"http://127.0.0.1:{rig.serve}{scene.page}"), "it is there"))[1]


def ingest(case, scene_type):
    with scene_type() as scene, Rig(rate="1Gbit/s") as rig:
        sluice = asked_for(rig, scene)
        client = install(scene, f"http://127.0.0.1:{scene.port}")
        inside_s = install(scene, f"http://127.0.0.1:{rig.serve}")
        return {"case": case, "sluice_s": round(sluice, 2), "client_s": round(client, 2), "ratio": round(sluice / client, 2), "from_high_s": round(inside_s, 2)}


def unchanged(case):
    with Many() as scene, Rig(rate="1Gbit/s") as rig:
        asked_for(rig, scene)
        for polls in (2, 3):  # the second asks npm once more: what came while it ran the first time is seen then
            wait_for_poll(rig, polls - 1)
            before = counts(scene)
            rig.send_signal("low", signal.SIGHUP)
            seconds = timed(lambda: wait_for_poll(rig, polls))[1]
        after = counts(scene)
        return {"case": case, "sluice_s": round(seconds, 2), "client_s": None, "packages": scene.count,
                "not_modified": after.get("304", 0) - before.get("304", 0), "requests": sum(after.values()) - sum(before.values()) - 1}


def counts(scene):
    with urllib.request.urlopen(f"http://127.0.0.1:{scene.port}/counts") as answer:
        return json.load(answer)


CASES = {"npm-300": lambda: ingest("npm-300", Npm), "pypi-300": lambda: ingest("pypi-300", Pypi), "poll-2000": lambda: unchanged("poll-2000")}


def main(arguments):
    as_json = "--json" in arguments
    cases = [argument for argument in arguments if argument != "--json"] or list(CASES)
    unknown = [case for case in cases if case not in CASES]
    if unknown:
        sys.exit(f"ingest.sh: no case {', '.join(unknown)}: there are {', '.join(CASES)}")
    for case in cases:
        result = CASES[case]()
        print(json.dumps(result) if as_json else "  ".join(f"{key} {value}" for key, value in result.items()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
