#!/usr/bin/env python3
"""Python packages cross a real one-way link, and an unmodified pip installs them: the closure that pip itself resolved, for several machines, byte for
byte the upstream's; releases and yanks follow; what cannot be had is named with its cure."""
import contextlib
import hashlib
import json
import os
import pathlib
import sys
import tempfile

from python_index import JSON, PythonIndex, metadata_of
from rig import Namespaces, Rig, check, main
from scene import Scene, inside

PYTHON = "/usr/bin/python3"  # Debian's, whose pip Debian's python3-pip is
LINUX, OLD, WINDOWS = "3.11/manylinux_2_28_x86_64", "3.9/manylinux_2_17_x86_64", "3.12/win_amd64"
PROJECTS = 300  # of the synthetic graph


class PythonScene(Scene):
    def _fill(self):
        self.index = PythonIndex(self.folder)

    def python(self, **settings):
        return [("[pypi]", {"name": "python", "index": f"http://127.0.0.1:{self.port}/pypi/simple/", "python": PYTHON, "interval": "1h",
                            "targets": [LINUX], **settings})]


@contextlib.contextmanager
def crossing(fill, namespaces=None, settings=None):
    """A rig whose low side wants what `fill` lays into the index; both sides run."""
    with PythonScene(namespaces) as scene:
        fill(scene.index)
        with Rig(namespaces, low_extra=scene.python(**settings(scene) if callable(settings) else settings or {})) as rig:
            scene.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            yield rig, scene


def pip(rig, *arguments, ok=True, where="/pypi/simple/"):
    """pip as a developer inside runs it: an empty home, one setting."""
    home = rig.folder / "pip-home"
    home.mkdir(exist_ok=True)
    return inside(rig, "env", "-i", f"PATH={os.environ['PATH']}", f"HOME={home}", "PIP_CONFIG_FILE=/dev/null", f"PIP_INDEX_URL=http://127.0.0.1:{rig.serve}{where}",
                  PYTHON, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-cache-dir", *arguments, ok=ok)


def page(rig, project, where="/pypi/simple/"):
    code, _, body = rig.get(f"{where}{project}/", headers={"Accept": JSON})
    return json.loads(body)["files"] if code == 200 else []


def names(rig, project):
    return [file["filename"] for file in page(rig, project)]


def problems(rig):
    return rig.status("low")["sources"][0]["problems"]


def installed(rig, folder):
    """{project: version} as Python finds them in `folder`."""
    code = "import importlib.metadata as m, json, sys; print(json.dumps({d.metadata['Name']: d.version for d in m.distributions(path=[sys.argv[1]])}))"
    return json.loads(inside(rig, PYTHON, "-I", "-c", code, folder).stdout)


def fetch_all(rig, paths):
    """The bodies of many answers of the high side, by one curl."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=rig.folder))
    config = "".join(f'url = "http://127.0.0.1:{rig.serve}{path}"\noutput = "{folder / str(number)}"\n' for number, path in enumerate(paths))
    inside(rig, "curl", "-s", "-S", "--fail-early", "-f", "-H", f"Accept: {JSON}, */*;q=0.1", "-K", "-", input=config)
    return [(folder / str(number)).read_bytes() for number in range(len(paths))]


def check_bytes(rig, scene):
    """Every file that the high side lists, and its METADATA, against the upstream's. The projects, and how many files they have."""
    upstream = scene.index.contents()
    projects = [project["name"] for project in json.loads(fetch_all(rig, ["/pypi/simple/"])[0])["projects"]]
    pages = fetch_all(rig, [f"/pypi/simple/{project}/" for project in projects])
    files = [(project, file) for project, text in zip(projects, pages) for file in json.loads(text)["files"]]
    for (_, file), content in zip(files, fetch_all(rig, [f"/pypi/packages/{project}/{file['filename']}" for project, file in files])):
        check(content == upstream[file["filename"]], f"{file['filename']} is not the upstream's")
        check(file["hashes"]["sha256"] == hashlib.sha256(content).hexdigest() and file["size"] == len(content), f"{file['filename']} is listed wrongly")
    wheels = [(project, file) for project, file in files if file["filename"].endswith(".whl")]
    for (_, file), content in zip(wheels, fetch_all(rig, [f"/pypi/packages/{project}/{file['filename']}.metadata" for project, file in wheels])):
        check(file["core-metadata"]["sha256"] == hashlib.sha256(content).hexdigest(), f"{file['filename']}.metadata is listed wrongly")
        check(content == metadata_of(upstream[file["filename"]]), f"{file['filename']}.metadata is not the wheel's")
    return projects, len(files)


def fill_graph(index):
    """A tree of PROJECTS projects with extras, pre-releases and yanked releases."""
    for i in range(PROJECTS):
        needs = [f"node-{j}>=1.0,<2" for j in (2 * i + 1, 2 * i + 2) if j < PROJECTS]
        index.add_wheel(f"node-{i}", "1.0", needs, payload=bytes([i % 251]) * (i % 7) * 1000)
    index.add_wheel("node-1", "1.1", ["node-3", "node-4"], yanked="it was broken")
    index.add_wheel("node-2", "1.2rc1")
    index.add_wheel("App", "1.0", ["node-0", "early"], extras={"fast": ["speedup"], "other": ["never"]}, python=">=3.8")
    index.add_wheel("early", "1.0b2")  # has nothing but a pre-release
    for name in ("speedup", "never"):
        index.add_wheel(name, "1.0")


def a_closure_of_hundreds_crosses_and_installs():
    with Namespaces() as namespaces, crossing(fill_graph, namespaces, {"want": ["app[fast]"]}) as (rig, scene):
        check(not problems(rig), f"there are problems: {problems(rig)}")
        projects, files = check_bytes(rig, scene)
        check(len(projects) == files == PROJECTS + 3 and "never" not in projects, f"{len(projects)} projects and {files} files crossed: {projects}")
        check(names(rig, "node-1") == ["node_1-1.0-py3-none-any.whl"], "the yanked release crossed unasked")
        check(names(rig, "node-2") == ["node_2-1.0-py3-none-any.whl"], "the pre-release crossed unasked")
        pip(rig, "install", "--no-compile", "--target", rig.folder / "installed", "App[fast]")
        got = installed(rig, rig.folder / "installed")
        check(len(got) == PROJECTS + 3 and got["speedup"] == "1.0" and got["early"] == "1.0b2", f"pip installed {sorted(got)}")
        refused = pip(rig, "install", "--no-compile", "--target", rig.folder / "none", "no-such-project", ok=False)
        check(refused.returncode != 0 and "No matching distribution" in refused.stderr, "pip did not see that it is not held")
        check("no gaps" in rig.run("high", "gaps").stdout, "there are gaps")
        rig.stop("low")
        rig.stop("high")
        check(namespaces.high_sent_packets() == 0 and namespaces.high_tried_to_send() == 0, "the high side sent packets")


def several_machines_are_served():
    def fill(index):
        index.add_wheel("app", "1.0", ["Native_Part", "only-old; python_version < '3.10'", "only-windows; sys_platform == 'win32'"])
        index.add_wheel("only-old", "1.0", python=">=3.7,<3.11")
        index.add_wheel("only-windows", "1.0")
        for tags in ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp39-abi3-manylinux2014_x86_64", "cp312-cp312-win_amd64",
                     "cp311-cp311-manylinux_2_39_x86_64"):
            index.add_wheel("Native-Part", "2.0", tags=tags, payload=tags.encode())

    with crossing(fill, settings={"want": ["app"], "targets": [LINUX, OLD, WINDOWS]}) as (rig, scene):
        check(not problems(rig), f"there are problems: {problems(rig)}")
        projects, files = check_bytes(rig, scene)
        check(projects == ["app", "native-part", "only-old", "only-windows"] and files == 6, f"{files} files of {projects} crossed")
        check(not any("2_39" in name for name in names(rig, "native-part")), "a wheel crossed that none of the machines takes")
        pip(rig, "install", "--no-compile", "--target", rig.folder / "installed", "app")
        got = installed(rig, rig.folder / "installed")
        check(got == {"app": "1.0", "Native-Part": "2.0"}, f"pip installed {got}")
        hashes = rig.folder / "requirements.txt"
        hashes.write_text("".join(f"{name}=={version} " + " ".join(f"--hash=sha256:{file['hashes']['sha256']}" for file in page(rig, name.lower())) + "\n"
                                  for name, version in got.items()))
        pip(rig, "install", "--no-compile", "--target", rig.folder / "hashed", "--require-hashes", "-r", hashes, where="/repository/pypi-hosted/simple/")
        check(installed(rig, rig.folder / "hashed") == got, "--require-hashes installed something else")
        for platform, python, part in (("win_amd64", "3.12", "win_amd64"), ("manylinux2014_x86_64", "3.9", "abi3")):
            there = rig.folder / part
            pip(rig, "download", "--no-deps", "--dest", there, "--only-binary=:all:", "--platform", platform, "--python-version", python, "native-part")
            check([part in file.name for file in there.iterdir()] == [True], f"for {platform} pip took {list(there.iterdir())}")


def releases_and_yanks_follow_within_a_poll():
    attested = {}

    def fill(index):
        index.add_wheel("tool", "1.0", ["part"])
        attested["part"] = index.attest("part", index.add_wheel("part", "1.0"))

    with crossing(fill, settings={"want": ["tool"], "interval": "10s"}) as (rig, scene):
        provenance = page(rig, "part")[0]["provenance"]
        check(provenance.startswith(f"http://127.0.0.1:{rig.serve}/pypi/"), f"its provenance is said to be at {provenance}")
        check(rig.get(provenance.partition(str(rig.serve))[2])[2] == attested["part"], "its provenance is not the upstream's")
        scene.index.add_wheel("part", "1.1")
        rig.wait_until(lambda: len(names(rig, "part")) == 2, "the new release is there")
        pip(rig, "install", "--no-compile", "--target", rig.folder / "new", "tool")
        check(installed(rig, rig.folder / "new") == {"tool": "1.0", "part": "1.1"}, "pip did not install the new release")
        scene.index.says("part", "part-1.1-py3-none-any.whl", yanked="it was broken")
        rig.wait_until(lambda: any(file["yanked"] == "it was broken" for file in page(rig, "part")), "the yank is there")
        pip(rig, "install", "--no-compile", "--target", rig.folder / "old", "tool")
        check(installed(rig, rig.folder / "old") == {"tool": "1.0", "part": "1.0"}, "pip installed what was yanked")
        scene.index.says("part", "part-1.1-py3-none-any.whl", yanked=False)
        rig.wait_until(lambda: all(file["yanked"] is False for file in page(rig, "part")), "the yank is taken back")
        check_bytes(rig, scene)


def what_cannot_be_had_is_named_with_its_cure():
    def fill(index):
        for name in ("good", "left-1", "right-1"):
            index.add_wheel(name, "1.0")
        for version in ("1.0", "2.0"):
            index.add_wheel("base", version)
        index.add_wheel("left", "1.0", ["base==1.0"])
        index.add_wheel("right", "1.0", ["base==2.0"])
        index.add_wheel("windows-only", "1.0", tags="cp311-cp311-win_amd64")
        index.add_wheel("too-new", "1.0", tags="cp311-cp311-manylinux_2_39_x86_64")
        index.add_wheel("withdrawn", "1.0", yanked="leaks secrets")
        index.add_wheel("other-python", "1.0", python=">=3.13")
        index.add_wheel("needy", "1.0", ["good>=9"])
        index.add_source("source-only", "1.0")

    def settings(scene):
        conflict = scene.folder / "conflict.txt"
        conflict.write_text("left\nright\n")
        return {"want": ["good", "windows-only", "too-new", "withdrawn", "other-python", "needy", "source-only", "nobody", "good @ https://x.example/good.whl"],
                "files": [conflict]}

    with crossing(fill, settings=settings) as (rig, _):
        told = problems(rig)
        for wanted, cause, cure in (("windows-only", "it is for win_amd64", "correct the source's targets"), ("too-new", "needs glibc 2.39, the target has 2.28", "targets"),
                                    ("withdrawn", "leaks secrets", "pin this one with =="),
                                    ("other-python", "needs Python >=3.13", "targets"), ("needy", "no version of it in that range; the newest is 1.0", "ask for a version"),
                                    ("source-only", "only source archives", "sources ="), ("nobody", "no such project", "correct the name"),
                                    ("good @", "does not come from an index", "as a file"), ("conflict.txt", "left 1.0 depends on base==1.0", "choose ranges that agree")):
            check(any(wanted in problem and cause in problem and cure in problem for problem in told), f"{wanted} is not named with its cure in {told}")
        check(len(told) == 9, f"{len(told)} problems: {told}")
        check(rig.metric("low", "sluice_want_unresolved_total") >= 9, "they were not counted")
        pip(rig, "install", "--no-compile", "--target", rig.folder / "good", "good")
        code, _, _ = rig.get("/pypi/simple/left/")
        check(code == 404, "half of what conflicts became visible")


def a_source_archive_crosses_only_where_it_is_allowed():
    def fill(index):
        index.add_wheel("app", "1.0", ["legacy"])
        index.add_source("legacy", "1.0", ["helper"])
        index.add_wheel("helper", "1.0")

    with crossing(fill, settings={"want": ["app"]}) as (rig, scene):
        check(any("only source archives" in problem and "legacy" in problem for problem in problems(rig)), f"not named in {problems(rig)}")
        rig.configure("low", scene.python(want=["app"], sources=["legacy==1.0"]))
        rig.stop("low")
        rig.start("low")
        rig.wait_until(lambda: names(rig, "legacy") == ["legacy-1.0.tar.gz"], "the source archive crossed")
        check(not problems(rig), f"there are problems: {problems(rig)}")
        check(names(rig, "helper") and names(rig, "app"), "what it needs did not cross with it")
        check_bytes(rig, scene)
        there = rig.folder / "sources"
        pip(rig, "download", "--no-deps", "--no-build-isolation", "--no-binary=legacy", "--dest", there, "legacy")
        check([file.name for file in there.iterdir()] == ["legacy-1.0.tar.gz"], "pip did not take the source archive")


if __name__ == "__main__":
    sys.exit(main([a_closure_of_hundreds_crosses_and_installs, several_machines_are_served, releases_and_yanks_follow_within_a_poll, what_cannot_be_had_is_named_with_its_cure,
                   a_source_archive_crosses_only_where_it_is_allowed]))
