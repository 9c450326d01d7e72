#!/usr/bin/env python3
"""Clients that know nothing but what /setup gives them install over TLS, believing the site's certificates alone; and what they ask for in vain becomes a
want-list that the low side takes as it is."""
import contextlib
import json
import os
import pathlib
import signal
import ssl
import tempfile

from python_index import PythonIndex
from rig import Rig, check, main, run
from scene import Scene, apt_options, inside

PYTHON = "/usr/bin/python3"  # Debian's, whose pip Debian's python3-pip is


class Site(Scene):
    def _fill(self):
        super()._fill()
        self.index = PythonIndex(self.folder)
        self.index.add_wheel("app", "1.0", ["part"])
        for name in ("part", "later"):
            self.index.add_wheel(name, "1.0")

    def low(self, python, npm):
        return self.sources(want=npm) + [("[pypi]", {"name": "python", "index": f"http://127.0.0.1:{self.port}/pypi/simple/", "python": PYTHON,
                                                     "interval": "1h", "targets": ["3.11/manylinux_2_28_x86_64"], **python})]


def make_certificates(folder):
    """The site's authority, and a certificate of 127.0.0.1 that it signed."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=The site", "-days", "2",
        "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=high", "-keyout", folder / "high.key",
        "-out", folder / "high.csr")
    (folder / "names").write_text("subjectAltName = IP:127.0.0.1\n")
    run("openssl", "x509", "-req", "-in", folder / "high.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", folder / "names", "-out", folder / "high.pem")


class Client:
    """A developer inside: an empty home, the site's certificates, and what /setup says."""

    def __init__(self, rig):
        self.rig = rig
        self.home = pathlib.Path(tempfile.mkdtemp(dir=rig.folder))
        self.root = f"https://127.0.0.1:{rig.serve}"
        self.authority = self.home / "ca.pem"
        self.authority.write_bytes((rig.folder / "ca.pem").read_bytes())

    def fetch(self, path):
        return inside(self.rig, "curl", "-fsS", "--cacert", self.authority, self.root + path).stdout

    def setting(self, name, place, authority=None):
        """What /setup/NAME gives, at its place below the home."""
        file = self.home / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.fetch(f"/setup/{name}?ca={authority or self.authority}"))
        return file

    def run(self, *command, ok=True, **options):
        return inside(self.rig, "env", "-i", f"PATH={os.environ['PATH']}", f"HOME={self.home}", *command, ok=ok, **options)

    def pip(self, *arguments, ok=True):
        return self.run(PYTHON, "-I", "-m", "pip", "--no-input", "--no-cache-dir", *arguments, ok=ok)

    def project(self):
        project = pathlib.Path(tempfile.mkdtemp(dir=self.home))
        (project / "package.json").write_text(json.dumps({"name": "mine", "version": "1.0.0"}))
        return project

    def npm(self, project, *arguments, ok=True):
        return self.run("npm", f"--globalconfig={self.home}/none", *arguments, cwd=project, ok=ok)


@contextlib.contextmanager
def site():
    with Site() as scene, Rig(low_extra=scene.low({"want": ["app"]}, ["pkg-30"])) as rig:
        make_certificates(rig.folder)
        rig.configure("high", [("[apt]", {"archive": "debian", "keyrings": [rig.folder / "low/apt/site.asc"]})], override={
            "serve": {"tls_certificate": rig.folder / "high.pem", "tls_key": rig.folder / "high.key", "tls_authority": rig.folder / "ca.pem"}})
        scene.wait_until_up(rig)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        yield rig, scene


def clients_install_with_the_settings_that_setup_gives():
    with site() as (rig, _):
        client = Client(rig)
        given = client.fetch("/setup/ca.pem")
        check(ssl.PEM_cert_to_DER_cert(given) == ssl.PEM_cert_to_DER_cert((rig.folder / "ca.pem").read_text()), "another authority is given out")
        check("PRIVATE" not in given, "a key is given out")
        check(client.root + "/setup/pip.conf" in client.fetch("/setup/"), "the page does not lead to pip.conf")

        refused = client.run("env", f"PIP_INDEX_URL={client.root}/pypi/simple/", PYTHON, "-I", "-m", "pip", "--retries", "0", "download", "-d", client.home, "app", ok=False)
        check(refused.returncode != 0 and "confirming the ssl certificate" in refused.stdout + refused.stderr, f"pip believes certificates that it was not told of: {refused.stdout} {refused.stderr}")
        client.setting("pip.conf", ".config/pip/pip.conf")
        client.pip("install", "--no-compile", "--target", client.home / "installed", "app")
        check((client.home / "installed/part-1.0.dist-info").is_dir(), "pip did not install the closure")

        client.setting("npmrc", ".npmrc")
        project = client.project()
        client.npm(project, "install", "pkg-30")
        check("found 0 vulnerabilities" in client.npm(project, "audit").stdout, "npm audit did not answer cleanly")

        folder = client.home / "apt"
        options = apt_options(rig, folder, client.home / "debian.asc")
        (client.home / "debian.asc").write_text(client.fetch("/apt/debian/debian.asc"))
        (folder / "etc/sources.list").write_text("")
        (folder / "etc/sources.list.d").mkdir()
        (folder / "etc/sources.list.d/debian.sources").write_text(client.fetch(f"/apt/debian/debian.sources?signed-by={client.home}/debian.asc"))
        client.setting("apt.conf", "apt/etc/apt.conf.d/90sluice")
        options += ["-o", f"Dir::Etc::sourceparts={folder}/etc/sources.list.d"]
        options += ["-o", f"Acquire::https::CAInfo={client.authority}"]
        client.run("apt-get", "-q", *options, "update")
        client.run("apt-get", "-q", "-y", *options, "install", "--download-only", "tool")
        check(len(list((folder / "archives").glob("*.deb"))) == 3, "apt did not fetch the closure")


def what_is_asked_for_in_vain_is_wanted_until_it_is_there():
    with site() as (rig, scene):
        client = Client(rig)
        client.setting("pip.conf", ".config/pip/pip.conf")
        client.setting("npmrc", ".npmrc")
        check("nothing is wanted" in rig.run("high", "wanted").stdout, "something is wanted before anyone asked")
        for _ in range(2):
            refused = client.pip("download", "--no-deps", "-d", client.home, "Later", ok=False)
            check("No matching distribution" in refused.stderr, "pip did not see that it is not held")
        refused = client.npm(client.project(), "install", "pkg-7", ok=False)
        check(refused.returncode != 0 and "404" in refused.stderr, "npm did not see that it is not held")
        client.run("curl", "-sS", "--cacert", client.authority, client.root + "/pypi/simple/%3Brm%20-rf/", client.root + "/favicon.ico")

        wanted = json.loads(rig.run("high", "wanted", "--json").stdout)
        check([(one["package"], one["times"]) for one in wanted] == [("pkg:pypi/later", 2), ("pkg:npm/pkg-7", 1)], f"wanted are {wanted}")
        check(wanted[0]["clients"][0].startswith("pip/") and wanted[1]["clients"][0].startswith("npm/"), f"asked for by {wanted}")
        check("pkg:pypi/later  pip/" in rig.run("high", "wanted").stdout, "the table does not show it")
        python, npm = (rig.run("high", "wanted", "--export", kind).stdout for kind in ("pypi", "npm"))
        check((python, npm) == ("later\n", "pkg-7\n"), f"exported {python!r} and {npm!r}")

        rig.stop("high")
        rig.start("high")
        check(rig.status("high")["wanted"] == 2, "a restart forgot what is wanted")
        rig.wait_until_listening()

        (rig.folder / "wanted.txt").write_text("app\n" + python)
        rig.configure("low", scene.low({"files": [rig.folder / "wanted.txt"]}, ["pkg-30", *npm.split()]))
        rig.send_signal("low", signal.SIGHUP)
        rig.wait_until(lambda: rig.run("high", "wanted").stdout.startswith("nothing is wanted"), "what was wanted is there")
        client.pip("download", "--no-deps", "-d", client.home, "later")
        client.npm(client.project(), "install", "pkg-7")


if __name__ == "__main__":
    main([clients_install_with_the_settings_that_setup_gives, what_is_asked_for_in_vain_is_wanted_until_it_is_there])
