#!/usr/bin/env python3
"""Lock files of pnpm and yarn are want-lists: exactly what they name for the targets crosses, with the digest that they name, or nothing of them; npm
installs it inside. What the managers themselves do is tested live (package_managers_live_test.py)."""
import json
import pathlib
import signal
import tempfile

from rig import Rig, check, main
from scene import Scene, npm
from upstreams import make_npm_package

MACHINES = {"native-glibc": ("linux", "glibc"), "native-musl": ("linux", "musl")}


class Upstream(Scene):
    def _fill(self):
        self.packages = {("@scope/leaf", "1.0.0"): {}, ("lib", "1.2.0"): {"@scope/leaf": "^1.0.0"}, ("lib", "1.3.0"): {"@scope/leaf": "^1.0.0"}, ("tool", "1.0.0"): {}}
        self.integrity = {id: make_npm_package(self.folder, *id, needs, self.dice.randbytes(1000)) for id, needs in self.packages.items()}
        for name, (system, libc) in MACHINES.items():
            self.integrity[name, "1.0.0"] = make_npm_package(self.folder, name, "1.0.0", os=[system], libc=[libc])

    def source(self, *locks, **settings):
        return [("[npm]", {"name": "npm", "registry": f"http://127.0.0.1:{self.port}/npm/", "interval": "1h", "files": list(locks), **settings})]

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def pnpm_lock(self, name="pnpm-lock.yaml", **integrity):
        """`integrity`: of "lib", other than it is."""
        entries = "".join(f"\n  '{package}@{version}':\n    resolution: {{integrity: {integrity.get(package, self.integrity[package, version])}}}\n"
                          for package, version in (("@scope/leaf", "1.0.0"), ("lib", "1.2.0")))
        entries += "".join(f"\n  {package}@1.0.0:\n    resolution: {{integrity: {self.integrity[package, '1.0.0']}}}\n    os: [{system}]\n    libc: [{libc}]\n"
                           for package, (system, libc) in MACHINES.items())
        snapshots = "".join(f"\n  {package}@1.0.0:\n    optional: true\n" for package in MACHINES)
        return self.write(name, f"lockfileVersion: '9.0'\n\nimporters:\n\n  .: {{}}\n\npackages:\n{entries}\nsnapshots:\n{snapshots}")

    def yarn_lock(self):
        entries = "".join(f'\n"{package}@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "{package}@npm:1.0.0"\n{more}  languageName: node\n  linkType: hard\n'
                          for package, more in (("tool", ""), ("native-glibc", "  conditions: os=linux & libc=glibc\n"), ("native-musl", "  conditions: os=linux & libc=musl\n")))
        return self.write("yarn.lock", f"# Made by hand.\n\n__metadata:\n  version: 8\n  cacheKey: 10c0\n{entries}")

    def yarn1_lock(self, entries=None):
        lib = f'lib@^1.0.0, "alias@npm:lib@^1.0.0":\n  version "1.3.0"\n  integrity {self.integrity["lib", "1.3.0"]}\n  dependencies:\n    "@scope/leaf" "^1.0.0"\n'
        leaf = f'"@scope/leaf@^1.0.0":\n  version "1.0.0"\n  integrity {self.integrity["@scope/leaf", "1.0.0"]}\n'
        return self.write("yarn1.lock", f"# yarn lockfile v1\n\n\n{leaf}\n{entries or lib}")


def versions(rig, name):
    code, _, body = rig.get(f"/npm/{name}")
    return sorted(json.loads(body)["versions"]) if code == 200 else []


def problems(rig):
    return rig.status("low")["sources"][0]["problems"]


def check_held(rig, expected):
    held = {name: versions(rig, name) for name in ("@scope%2fleaf", "lib", "tool", *MACHINES)}
    check(held == expected, f"held are {held}")


def what_a_lock_file_names_crosses_and_installs():
    with Upstream() as scene, Rig() as rig:
        rig.configure("low", scene.source(scene.pnpm_lock()))
        scene.wait_until_up(rig)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        check(not problems(rig), f"there are problems: {problems(rig)}")
        check_held(rig, {"@scope%2fleaf": ["1.0.0"], "lib": ["1.2.0"], "tool": [], "native-glibc": ["1.0.0"], "native-musl": []})

        rig.configure("low", scene.source(scene.pnpm_lock(), scene.yarn_lock(), scene.yarn1_lock()))
        rig.send_signal("low", signal.SIGHUP)
        rig.wait_until(lambda: versions(rig, "tool") and len(versions(rig, "lib")) == 2, "what the other lock files name is there")
        check(not problems(rig), f"there are problems: {problems(rig)}")
        check_held(rig, {"@scope%2fleaf": ["1.0.0"], "lib": ["1.2.0", "1.3.0"], "tool": ["1.0.0"], "native-glibc": ["1.0.0"], "native-musl": []})

        project = pathlib.Path(tempfile.mkdtemp(dir=rig.folder))
        (project / "package.json").write_text(json.dumps({"name": "app", "version": "1.0.0", "dependencies": {"lib": "1.2.0", "tool": "1"},
                                                          "optionalDependencies": {name: "1" for name in MACHINES}}))
        npm(rig, project, "install")
        lock = json.loads((project / "package-lock.json").read_text())["packages"]
        check(lock["node_modules/lib"]["integrity"] == scene.integrity["lib", "1.2.0"], "npm installed another lib than was locked")

        rig.configure("low", scene.source(scene.pnpm_lock(), scene.yarn_lock(), scene.yarn1_lock(), targets=[]))
        rig.stop("low")
        rig.start("low")
        rig.wait_until(lambda: versions(rig, "native-musl"), "without targets it is there for all machines")


def what_is_wrong_with_a_lock_file_is_named_and_nothing_of_it_crosses():
    with Upstream() as scene, Rig() as rig:
        other = scene.integrity["tool", "1.0.0"]
        git = scene.write("git.yaml", "lockfileVersion: '9.0'\npackages:\n  lib@1.2.0: {}\n  x@https://git.example.org/x:\n"
                                      "    resolution: {commit: 1d7e28, repo: 'https://git.example.org/x', type: git}\n")
        bomb = scene.write("bomb.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nlockfileVersion: '9.0'\n")
        lost = scene.write("lost.lock", "__metadata:\n  version: 8\n\nlib:\n  resolution: lib@npm:9.9.9\n")
        merge = scene.yarn1_lock("<<<<<<< ours\nlib@^1.0.0:\n")
        rig.configure("low", scene.source(scene.pnpm_lock("other.yaml", lib=other), git, bomb, lost, merge, scene.yarn_lock()))
        scene.wait_until_up(rig)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        told = problems(rig)
        for file, cause, cure in (("other.yaml", "lib@1.2.0: the lock file's integrity is not the registry's", "until all of it can be had"),
                                  ("git.yaml", ": x comes from https://git.example.org/x, not from a registry", "as a file"),
                                  ("bomb.yaml", "line 1: an anchor", "pnpm install --lockfile-only"),
                                  ("lost.lock", "lib@9.9.9", "until all of it can be had"), ("yarn1.lock", "line 8", "yarn install")):
            check(any(file in problem and cause in problem and cure in problem for problem in told), f"{file} is not named with its cure in {told}")
        check(rig.metric("low", "sluice_want_unresolved_total") >= 5, "they were not counted")
        check_held(rig, {"@scope%2fleaf": [], "lib": [], "tool": ["1.0.0"], "native-glibc": ["1.0.0"], "native-musl": []})


if __name__ == "__main__":
    main([what_a_lock_file_names_crosses_and_installs, what_is_wrong_with_a_lock_file_is_named_and_nothing_of_it_crosses])
