#!/usr/bin/env python3
"""Nothing of a source with pattern = "request" crosses but plans that somebody approved by their digest: shown first, voided by any other closure, rejected
for good; what real pip and npm then install is what was approved."""
import contextlib
import hashlib
import json
import pathlib
import signal

from python_index import PythonIndex
from pypi_test import LINUX, PYTHON, installed, names, pip
from rig import Namespaces, Rig, check, main
from scene import Scene, npm
from upstreams import make_npm_package

UNRESOLVED = 6  # the exit code of a plan that lacks something
NPM = 5


class Upstreams(Scene):
    def _fill(self):
        self.index = PythonIndex(self.folder)
        for i in range(NPM):
            make_npm_package(self.folder, f"tree-{i}", "1.0.0", {f"tree-{i + 1}": "^1.0.0"} if i + 1 < NPM else {}, bytes([i]) * 1000)

    def request_sources(self, python=None, kinds=("python", "node")):
        available = {
            "python": ("[pypi]", {"name": "python", "index": f"http://127.0.0.1:{self.port}/pypi/simple/", "python": PYTHON, "interval": "1h", "targets": [LINUX],
                                  "pattern": "request", **(python or {})}),
            "node": ("[npm]", {"name": "node", "registry": f"http://127.0.0.1:{self.port}/npm/", "interval": "1h", "pattern": "request"}),
        }
        return [available[kind] for kind in kinds]


@contextlib.contextmanager
def waiting(fill, namespaces=None, python=None, kinds=("python",)):
    """Both sides run, the low side's sources wait for requests."""
    with Upstreams(namespaces) as scene:
        fill(scene.index)
        with Rig(namespaces, low_extra=scene.request_sources(python, kinds)) as rig:
            scene.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_listening()
            yield rig, scene


def request(rig, *arguments, code=0):
    done = rig.run("low", "request", *arguments, "--json", ok=False)
    check(done.returncode == code, f"request {arguments} exited {done.returncode} instead of {code}\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout) if done.stdout else done.stderr


def show(rig, name):
    return json.loads(rig.run("low", "request", "show", name, "--json", ok=False).stdout)


def wait_for_state(rig, name, state):
    rig.wait_until(lambda: show(rig, name)["state"] == state, f"request {name} is {state}: {show(rig, name)}")
    return show(rig, name)


def made(rig):
    return rig.status("low")["spool"]["last_sequence"]


def polls(rig, source="python"):
    return next(s["polls"] for s in rig.status("low")["sources"] if s["name"] == source)


def poll_again(rig, source="python"):
    before = polls(rig, source)
    rig.send_signal("low", signal.SIGHUP)
    rig.wait_until(lambda: polls(rig, source) > before, f"{source} is polled again")


def items(shown, fresh=True):
    return sorted(node["item"] for node in shown["plan"]["nodes"] if node["new"] == fresh)


def fill_app(index):
    index.add_wheel("app", "1.0", ["part>=1.0", "leaf"], payload=b"a" * 5000)
    index.add_wheel("part", "1.0", ["leaf"])
    index.add_wheel("leaf", "1.0")


def audit_of(rig, name):
    return [step["what"] for step in show(rig, name)["steps"]]


def what_was_approved_crosses_and_nothing_before():
    with Namespaces() as namespaces, waiting(fill_app, namespaces, kinds=("python", "node")) as (rig, scene):
        shown = request(rig, "add", "--source", "python", "--by", "ada", "--reason", "for the lab", "app")
        name, digest = shown["id"], shown["digest"]
        check(shown["state"] == "planned" and items(shown) == ["app-1.0-py3-none-any.whl", "leaf-1.0-py3-none-any.whl", "part-1.0-py3-none-any.whl"],
              f"the plan is {shown}")
        upstream = {file: hashlib.sha256(content).hexdigest() for file, content in scene.index.contents().items()}
        check({node["item"]: node["sha256"] for node in shown["plan"]["nodes"]} == upstream, "a digest of the plan is not the upstream's")
        check(shown["bytes"] > sum(len(c) for c in scene.index.contents().values()) and shown["send_seconds"] > 0, f"bytes and time: {shown}")
        text = rig.run("low", "request", "show", name).stdout
        check(f"request approve {name} {digest}" in text and "app-1.0-py3-none-any.whl" in text, f"request show says\n{text}")
        poll_again(rig)
        check(made(rig) == 0 and show(rig, name)["digest"] == digest, "something was sent, or the plan changed, before anybody approved it")
        refused = request(rig, "approve", name, "0" * 64, "--by", "eve", code=1)
        check("digest" in refused and made(rig) == 0, f"another digest was approved: {refused}")

        request(rig, "approve", name, digest, "--by", "grace", "--reason", "seen")
        sent = wait_for_state(rig, name, "sent")
        rig.wait_until_published(sent["shipment"])
        pip(rig, "install", "--no-compile", "--target", rig.folder / "installed", "app")
        check(installed(rig, rig.folder / "installed") == {"app": "1.0", "part": "1.0", "leaf": "1.0"}, "pip installed something else")
        check([(s["what"], s["by"], s["detail"]) for s in sent["steps"]][0] == ("asked", "ada", "for the lab"), f"{sent['steps']}")
        check(("approved", "grace", "seen") in [(s["what"], s["by"], s["detail"]) for s in sent["steps"]], f"{sent['steps']}")
        check(rig.metric("low", 'sluice_plans_total{result="sent"}') == 1, "no plan is counted as sent")

        again = request(rig, "add", "--source", "python", "part")
        check(again["state"] == "sent" and items(again, fresh=False) == ["leaf-1.0-py3-none-any.whl", "part-1.0-py3-none-any.whl"] and items(again) == [],
              f"what is held already is planned as {again}")

        node = request(rig, "add", "--source", "node", "tree-0@^1.0.0")
        check(len(items(node)) == NPM and made(rig) == sent["shipment"], f"npm's plan is {node}")
        request(rig, "approve", node["id"], node["digest"])
        rig.wait_until_published(wait_for_state(rig, node["id"], "sent")["shipment"])
        project = pathlib.Path(rig.folder / "project")
        project.mkdir()
        (project / "package.json").write_text(json.dumps({"name": "app", "version": "1.0.0", "dependencies": {"tree-0": "^1.0.0"}}))
        npm(rig, project, "install")
        lock = json.loads((project / "package-lock.json").read_text())["packages"]
        check(len(lock) == NPM + 1, f"npm installed {sorted(lock)}")
        rig.stop("low")
        rig.stop("high")
        check(namespaces.high_sent_packets() == 0, "the high side sent packets")


def a_node_that_appears_voids_the_approval():
    with waiting(fill_app) as (rig, scene):
        shown = request(rig, "add", "app")
        name, digest = shown["id"], shown["digest"]
        scene.index.add_wheel("part", "1.1", ["leaf", "late"])  # between the plan and its approval
        scene.index.add_wheel("late", "1.0")
        request(rig, "approve", name, digest)
        void = wait_for_state(rig, name, "void")
        check(made(rig) == 0 and void["digest"] != digest and void["approved"] is None, f"it was sent all the same: {void}")
        step = next(s for s in void["steps"] if s["what"] == "voided")
        check("late late-1.0" in step["detail"] and "part-1.0" in step["detail"], f"what changed is told as {step}")
        rig.wait_for_event("low", "request.voided")
        check(rig.metric("low", 'sluice_plans_total{result="voided"}') == 1, "no voided approval is counted")
        request(rig, "approve", name, digest, code=1)  # the old one counts no more
        request(rig, "approve", name, void["digest"])
        rig.wait_until_published(wait_for_state(rig, name, "sent")["shipment"])
        check(names(rig, "late") == ["late-1.0-py3-none-any.whl"] and names(rig, "part") == ["part-1.1-py3-none-any.whl"], "something else crossed")


def what_was_rejected_stays_so_until_it_changes():
    with waiting(fill_app) as (rig, scene):
        shown = request(rig, "add", "app")
        request(rig, "reject", shown["id"], shown["digest"], "--by", "ada", "--reason", "not now")
        request(rig, "approve", shown["id"], shown["digest"], code=1)
        same = request(rig, "add", "app")
        check(same["state"] == "rejected" and shown["id"] in same["steps"][-1]["detail"], f"asked again it is {same}")
        scene.index.add_wheel("leaf", "2.0")
        other = request(rig, "add", "app")
        check(other["state"] == "planned" and other["digest"] != shown["digest"], f"another closure is {other}")
        request(rig, "withdraw", other["id"])
        poll_again(rig)
        check(made(rig) == 0 and show(rig, other["id"])["state"] == "withdrawn", "something was sent")
        listed = request(rig, "list", "--all")["requests"]
        check([r["state"] for r in listed] == ["rejected", "rejected", "withdrawn"] and request(rig, "list")["requests"] == [], f"{listed}")


def a_request_outlives_a_restart():
    with waiting(fill_app) as (rig, scene):
        shown = request(rig, "add", "app")
        rig.stop("low")
        rig.start("low")
        check(show(rig, shown["id"])["digest"] == shown["digest"], "the plan is gone")
        request(rig, "approve", shown["id"], shown["digest"])
        rig.wait_until_published(wait_for_state(rig, shown["id"], "sent")["shipment"])
        check(names(rig, "app") == ["app-1.0-py3-none-any.whl"], "app did not cross")


def what_cannot_be_had_is_named_with_its_cure():
    def fill(index):
        fill_app(index)
        index.add_wheel("glibc", "1.0", tags="cp311-cp311-manylinux_2_39_x86_64")
        index.add_wheel("windows", "1.0", tags="cp311-cp311-win_amd64")
        index.add_wheel("gone", "1.0", yanked="it was broken")
        index.add_wheel("torch", "2.1.0+cu121", ["vision"])
        index.add_wheel("vision", "0.16.0+cu118")
        index.add_source("legacy", "1.0")
        index.add_wheel("leaf", "0.9")
        index.add_wheel("one", "1.0", ["leaf<1"])
        index.add_wheel("two", "1.0", ["leaf>=1"])

    with waiting(fill, python={"sources": ["legacy==1.0"]}) as (rig, scene):
        marker = rig.folder / "ran"
        wants = ["app", "glibc", "windows", "gone", "torch", "legacy", "no-such-project", f"app;touch {marker}", f"app; rm -rf {rig.folder}/low"]
        shown = request(rig, "add", *wants, code=UNRESOLVED)
        told = {problem["thing"].split(" for ")[0]: problem for problem in shown["plan"]["unresolved"]}
        for thing, cause in (("glibc", "glibc 2.39"), ("windows", "win_amd64"), ("gone", "withdrawn"), ("no-such-project", "no such project"), ("torch", "cu118")):
            check(thing in told and cause in told[thing]["cause"] and told[thing]["cure"], f"{thing} is told as {told.get(thing)} of {sorted(told)}")
        check(not marker.exists() and (rig.folder / "low").is_dir(), "a want was run")
        check(len([t for t in told if "touch" in t or "rm -rf" in t]) == 2, f"what is no requirement is told as {sorted(told)}")
        flags = {node["item"]: node["flags"] for node in shown["plan"]["nodes"]}
        check("source archive" in flags["legacy-1.0.tar.gz"][0], f"flags are {flags}")
        check("app-1.0-py3-none-any.whl" in flags, "what can be had is not in the plan")
        conflict = request(rig, "add", "one", "two", code=UNRESOLVED)
        check("conflict" in conflict["plan"]["unresolved"][0]["cause"], f"a conflict is told as {conflict['plan']['unresolved']}")
        check(made(rig) == 0, "something was sent")


def a_list_with_hashes_is_one_closure():
    with waiting(fill_app) as (rig, scene):
        digests = {file: hashlib.sha256(content).hexdigest() for file, content in scene.index.contents().items()}
        listed = rig.folder / "requirements.txt"
        listed.write_text("".join(f"{name}==1.0 \\\n    --hash=sha256:{digests[f'{name}-1.0-py3-none-any.whl']}\n" for name in ("app", "part", "leaf")))
        shown = request(rig, "add", "--file", listed)
        check(shown["files"] == ["requirements.txt"] and len(items(shown)) == 3, f"the plan is {shown}")
        request(rig, "approve", shown["id"], shown["digest"])
        rig.wait_until_published(wait_for_state(rig, shown["id"], "sent")["shipment"])
        pip(rig, "install", "--no-compile", "--target", rig.folder / "installed", "--require-hashes", "-r", listed)


def a_want_list_of_the_settings_waits_too():
    with waiting(fill_app, python={"want": ["app"]}) as (rig, scene):
        rig.wait_until(lambda: polls(rig) > 0, "the source was polled")
        shown = show(rig, "want:python")
        check(shown["state"] == "planned" and shown["standing"] and made(rig) == 0, f"it is {shown}")
        request(rig, "approve", "want:python", shown["digest"])
        rig.wait_until_published(wait_for_state(rig, "want:python", "sent")["shipment"])
        scene.index.add_wheel("leaf", "2.0")
        poll_again(rig)
        later = show(rig, "want:python")
        check(later["state"] == "planned" and items(later) == ["leaf-2.0-py3-none-any.whl"] and names(rig, "leaf") == ["leaf-1.0-py3-none-any.whl"],
              f"a new release is {later}")


if __name__ == "__main__":
    main([what_was_approved_crosses_and_nothing_before, a_node_that_appears_voids_the_approval, what_was_rejected_stays_so_until_it_changes,
          a_request_outlives_a_restart, what_cannot_be_had_is_named_with_its_cure, a_list_with_hashes_is_one_closure, a_want_list_of_the_settings_waits_too])
