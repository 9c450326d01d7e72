#!/usr/bin/env python3
"""Debian's poetry locks and installs a project from the high side's index, over TLS, believing the site's certificates alone."""
import hashlib
import pathlib
import tempfile
import tomllib

from clients_test import Client, make_certificates
from pypi_test import PythonScene
from rig import Rig, check, main

POETRY = "/usr/bin/poetry"
PROJECT = """[tool.poetry]
name = "project"
version = "1.0.0"
description = ""
authors = []

[tool.poetry.dependencies]
python = ">=3.9,<3.13"
App = {version = "^1.0", extras = ["fast"]}
native-part = "*"

[[tool.poetry.source]]
name = "site"
url = "%s/pypi/simple/"
default = true
"""


def fill(index):
    index.add_wheel("App", "1.0", ["part>=1.0,<2"], extras={"fast": ["speedup"], "other": ["never"]}, python=">=3.8")
    for version in ("1.0", "1.4"):
        index.add_wheel("part", version, ["only-windows; sys_platform == 'win32'"])
    index.add_wheel("part", "1.5", yanked="it was broken")
    index.add_wheel("speedup", "0.3")
    index.add_wheel("only-windows", "1.0")
    for tags in ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp312-cp312-win_amd64"):
        index.add_wheel("Native-Part", "2.0", tags=tags, payload=tags.encode())


class Developer(Client):
    def poetry(self, project, *arguments, ok=True):
        return self.run("env", "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring", POETRY, "--no-ansi", "--no-interaction", *arguments, cwd=project, ok=ok)

    def project(self):
        project = pathlib.Path(tempfile.mkdtemp(dir=self.home))
        (project / "pyproject.toml").write_text(PROJECT % self.root)
        (project / "poetry.toml").write_text("[virtualenvs]\nin-project = true\n")
        return project

    def installed(self, project):
        lines = self.run(project / ".venv/bin/python", "-I", "-m", "pip", "--disable-pip-version-check", "list", "--format=freeze").stdout.split()
        return {name.lower(): version for name, _, version in (line.partition("==") for line in lines) if name.lower() not in ("pip", "setuptools", "wheel")}


def poetry_locks_and_installs_from_the_high_side():
    with PythonScene() as scene:
        fill(scene.index)
        targets = ["3.11/manylinux_2_28_x86_64", "3.12/win_amd64"]
        with Rig(low_extra=scene.python(want=["app[fast]", "native-part"], targets=targets)) as rig:
            make_certificates(rig.folder)
            rig.configure("high", override={
                "serve": {"tls_certificate": rig.folder / "high.pem", "tls_key": rig.folder / "high.key", "tls_authority": rig.folder / "ca.pem"}})
            scene.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            developer = Developer(rig)
            project = developer.project()
            refused = developer.poetry(project, "lock", ok=False)
            check(refused.returncode != 0 and "certificate" in refused.stdout + refused.stderr, f"poetry believes certificates that it was not told of: {refused.stdout} {refused.stderr}")
            developer.poetry(project, "config", "certificates.site.cert", developer.authority)
            developer.poetry(project, "lock")
            locked = {file["file"]: file["hash"] for package in tomllib.loads((project / "poetry.lock").read_text())["package"] for file in package["files"]}
            upstream = {name: "sha256:" + hashlib.sha256(content).hexdigest() for name, content in scene.index.contents().items()}
            unwanted = ("never", "part-1.0", "part-1.5")
            check(locked == {name: digest for name, digest in upstream.items() if not name.startswith(unwanted)}, f"poetry locked {locked}")
            developer.poetry(project, "install", "--no-root")
            got = developer.installed(project)
            check(got == {"app": "1.0", "part": "1.4", "speedup": "0.3", "native-part": "2.0"}, f"poetry installed {got}")


if __name__ == "__main__":
    main([poetry_locks_and_installs_from_the_high_side])
