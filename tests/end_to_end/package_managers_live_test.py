#!/usr/bin/env python3
"""pnpm, yarn 1 and yarn 4 as they are: what they lock outside is a want-list of the low side, and inside they install it from there with what /setup gives.
npm fetches them from the registry that it is set to; where they cannot be had, skipped (77)."""
import contextlib
import datetime
import json
import os
import pathlib
import shutil
import tempfile

from clients_test import Client, make_certificates
from rig import Rig, check, main, run
from scene import Scene
from upstreams import make_npm_package

TOOLS = pathlib.Path(tempfile.mkdtemp(prefix="sluice-package-managers-"))  # what npm fetched
PNPM = [TOOLS / "node_modules/.bin/pnpm"]
YARN1 = ["node", TOOLS / "node_modules/yarn/bin/yarn.js"]
YARN4 = ["node", TOOLS / "node_modules/@yarnpkg/cli-dist/bin/yarn.js"]
COMMANDS = {"pnpm": PNPM, "yarn1": YARN1, "yarn4": YARN4}

PROJECT = {"name": "app", "version": "1.0.0", "dependencies": {"lib": "^1.0.0", "old": "npm:@scope/leaf@^1.0.0", "plugin": "1.0.0"},
           "devDependencies": {"tool": "^1.0.0"}, "optionalDependencies": {"native": "1.0.0"}}
MACHINES = {"native-glibc": {"os": ["linux"], "cpu": ["x64"], "libc": ["glibc"]}, "native-musl": {"os": ["linux"], "cpu": ["x64"], "libc": ["musl"]},
            "native-darwin": {"os": ["darwin"], "cpu": ["x64", "arm64"]}}


def alone(home):
    """What yarn 1 shares as root, or with the whole machine, is put into the home as well."""
    return ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={home}", f"PREFIX={home}", f"YARN_CACHE_FOLDER={home}/yarn-cache"]


class Upstream(Scene):
    def _fill(self):
        make_npm_package(self.folder, "@scope/leaf", "1.0.0", payload=self.dice.randbytes(100_000))
        make_npm_package(self.folder, "lib", "1.2.0", {"@scope/leaf": "^1.0.0", "gated": "^1.0.0"}, payload=self.dice.randbytes(5_000))
        make_npm_package(self.folder, "plugin", "1.0.0", peerDependencies={"lib": "^1.0.0"})
        make_npm_package(self.folder, "tool", "1.0.0", {"@scope/leaf": "1.0.0"})
        make_npm_package(self.folder, "native", "1.0.0", optionalDependencies={name: "1.0.0" for name in MACHINES})
        for name, machine in MACHINES.items():
            make_npm_package(self.folder, name, "1.0.0", **machine)
        make_npm_package(self.folder, "gated", "1.0.0")
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        make_npm_package(self.folder, "gated", "1.1.0", released=now)


    def source(self, locks, want, **settings):
        return ("[npm]", {"name": "npm", "registry": f"http://127.0.0.1:{self.port}/npm/", "interval": "1h", "want": list(want),
                          "files": [self.lock_file(name) for name in locks], **settings})

    def project(self, name):
        return self.folder / "projects" / name

    def lock_file(self, name):
        return self.project(name) / ("pnpm-lock.yaml" if name == "pnpm" else "yarn.lock")

    def lock(self, name):
        """What the client makes of the project straight from the upstream."""
        upstream = f"http://127.0.0.1:{self.port}/npm/"
        home, project = self.folder / "homes" / name, self.project(name)
        for folder in (home, project):
            folder.mkdir(parents=True)
        (home / ".npmrc").write_text(f"registry={upstream}\n")
        (home / ".yarnrc.yml").write_text(f'npmRegistryServer: "{upstream}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nenableTelemetry: false\n')
        (project / "package.json").write_text(json.dumps(PROJECT))
        if name != "pnpm":
            (project / "yarn.lock").write_text("")  # without it yarn 4 looks for a project further up
        run(*alone(home), *COMMANDS[name], "install", cwd=project)


class Developer(Client):
    """Inside, with what /setup gives and nothing else."""

    def __init__(self, rig):
        super().__init__(rig)
        self.setting("npmrc", ".npmrc")
        self.setting("yarnrc.yml", ".yarnrc.yml")

    def run(self, *command, ok=True, **options):
        return super().run(*alone(self.home), *command, ok=ok, **options)

    def project(self, package, *files):
        project = pathlib.Path(tempfile.mkdtemp(dir=self.home))
        (project / "package.json").write_text(json.dumps(package))
        for file in files:
            shutil.copy(file, project / file.name)
        return project

    def install(self, name, project, *options, ok=True):
        return self.run(*COMMANDS[name], "install", *options, cwd=project, ok=ok)

    def loads(self, name, project, package):
        """What node finds when the project asks for the package: "name@version"."""
        node = [*YARN4, "node"] if name == "yarn4" else ["node"]
        return self.run(*node, "-e", f"console.log(require('{package}'))", cwd=project).stdout.strip()

    def is_held(self, package):
        return self.run("curl", "-fsS", "--cacert", self.authority, f"{self.root}/npm/{package}", ok=False).returncode == 0


@contextlib.contextmanager
def site(locks=(), want=(), **settings):
    """Both sides, and a developer inside, served over TLS with the site's own certificate."""
    with Upstream() as scene, Rig(low_extra=[scene.source(locks, want, **settings)]) as rig:
        make_certificates(rig.folder)
        rig.configure("high", override={
            "serve": {"tls_certificate": rig.folder / "high.pem", "tls_key": rig.folder / "high.key", "tls_authority": rig.folder / "ca.pem"}})
        scene.wait_until_up(rig)
        for name in locks:
            scene.lock(name)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        problems = rig.status("low")["sources"][0]["problems"]
        check(not problems, f"there are problems: {problems}")
        yield scene, Developer(rig)


def check_installed(inside, name, project, gated):
    for package, expected in (("lib", "lib@1.2.0"), ("old", "@scope/leaf@1.0.0"), ("plugin", "plugin@1.0.0"), ("tool", "tool@1.0.0"), ("native", "native@1.0.0")):
        got = inside.loads(name, project, package)
        check(got == expected, f"{name} installed {got} as {package}")
    locked = next(file.read_text() for file in (project / "pnpm-lock.yaml", project / "yarn.lock") if file.exists())
    check(f"gated-{gated}.tgz" in locked or f"gated@{gated}" in locked or f"gated@npm:{gated}" in locked, f"{name} did not keep gated {gated}")


def what_pnpm_locked_installs_inside():
    with site(locks=["pnpm"], targets=[]) as (scene, inside):
        check(inside.is_held("native-musl") and inside.is_held("native-darwin"), "pnpm asks how old all of it is, and not all of it crossed")
        project = inside.project(PROJECT, scene.lock_file("pnpm"))
        inside.install("pnpm", project, "--frozen-lockfile")
        check_installed(inside, "pnpm", project, "1.0.0")


def what_yarn_4_locked_installs_inside():
    with site(locks=["yarn4"]) as (scene, inside):
        check(inside.is_held("native-glibc") and not inside.is_held("native-musl"), "what crossed is not what the targets need")
        project = inside.project(PROJECT, scene.lock_file("yarn4"))
        inside.install("yarn4", project, "--immutable")
        check_installed(inside, "yarn4", project, "1.0.0")


def what_yarn_1_locked_installs_inside():
    with site(locks=["yarn1"]) as (scene, inside):
        check(inside.is_held("native-musl"), "yarn 1 needs all of it, and not all of it crossed")
        project = inside.project(PROJECT, scene.lock_file("yarn1"))
        lock = project / "yarn.lock"  # names the registry's host in each entry
        lock.write_text(lock.read_text().replace(f"http://127.0.0.1:{scene.port}/npm/", f"{inside.root}/npm/"))
        inside.install("yarn1", project, "--frozen-lockfile")
        check_installed(inside, "yarn1", project, "1.1.0")


def each_resolves_anew_inside_and_keeps_from_what_is_too_new():
    with site(want=["lib@^1.0.0", "gated@1.0.0", "plugin@1.0.0", "native@1.0.0"]) as (_, inside):
        check(not inside.is_held("native-musl"), "what crossed is not what the targets need")
        for name, gated in (("pnpm", "1.0.0"), ("yarn4", "1.0.0"), ("yarn1", "1.1.0")):
            # yarn looks up what is for other machines too, before it leaves it out.
            native = {"native": "^1.0.0"} if name == "pnpm" else {}
            project = inside.project({"name": "fresh", "version": "1.0.0", "dependencies": {"lib": "^1.0.0", "plugin": "^1.0.0", **native}})
            if name != "pnpm":
                (project / "yarn.lock").write_text("")
            inside.install(name, project, *(["--no-frozen-lockfile"] if name == "pnpm" else []))
            check(inside.loads(name, project, "lib") == "lib@1.2.0", f"{name} did not install lib")
            locked = (project / ("pnpm-lock.yaml" if name == "pnpm" else "yarn.lock")).read_text()
            check("1.1.0" in locked if gated == "1.1.0" else "1.1.0" not in locked, f"{name} took the version of gated that it should not: {locked}")


def fetch_tools():
    (TOOLS / "package.json").write_text("{}")
    done = run("npm", "install", "--no-audit", "--no-fund", "--no-update-notifier", "pnpm@latest", "yarn@1", "@yarnpkg/cli-dist@latest", cwd=TOOLS, ok=False, timeout=400)
    if done.returncode != 0:
        print(f"skipped: npm cannot install pnpm and yarn: {done.stderr[-300:]}")
        raise SystemExit(77)


if __name__ == "__main__":
    try:
        fetch_tools()
        main([what_pnpm_locked_installs_inside, what_yarn_4_locked_installs_inside, what_yarn_1_locked_installs_inside,
              each_resolves_anew_inside_and_keeps_from_what_is_too_new])
    finally:
        shutil.rmtree(TOOLS, ignore_errors=True)
