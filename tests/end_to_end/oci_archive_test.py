#!/usr/bin/env python3
"""Archives of images laid into a drop folder cross a real one-way link and are pulled by skopeo: what skopeo and buildah write as docker-archive: and oci-archive:, an OCI layout
as a folder, a docker save of old with links between its layers and one of today with both layouts; digests are the archive's, unpacked trees are those of the image. What is
damaged, half copied or none is named, and hurts nothing else."""
import contextlib
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import tarfile
import tempfile

from oci_registry import digest_of, layer
from rig import Namespaces, Rig, check, main, run
from scene import inside

NAME = "images.example.org"
REFUSED = "sluice_image_archives_refused_total"


class Site:
    def __init__(self, rig, drop):
        self.rig, self.drop = rig, drop

    def poll(self):
        polls = self.polls()
        self.rig.send_signal("low", signal.SIGHUP)
        self.rig.wait_until(lambda: self.polls() > polls, "the folder is looked through")
        self.rig.wait_until_crossed()

    def polls(self):
        return self.rig.status("low")["sources"][0]["polls"]

    def problems(self):
        return json.dumps(self.rig.status("low")["sources"][0]["problems"])

    def manifest(self, reference):
        """Of "repository:tag": (digest, the manifest), or none."""
        repository, tag = reference.rsplit(":", 1)
        code, headers, body = self.rig.get(f"/v2/{NAME}/{repository}/manifests/{tag}")
        return (headers["docker-content-digest"], json.loads(body)) if code == 200 else None

    def tree(self, reference):
        """What skopeo pulls, unpacked by umoci."""
        layout = self.rig.folder / reference.replace("/", "_").replace(":", "_")
        inside(self.rig, "skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://127.0.0.1:{self.rig.serve}/{NAME}/{reference}", f"oci:{layout}:it")
        return unpacked(layout, "it")


@contextlib.contextmanager
def folder_is_polled(namespaces=None, fill=lambda drop: None):
    drop = pathlib.Path(tempfile.mkdtemp(prefix="sluice-images-"))
    try:
        fill(drop)
        source = ("[oci]", {"name": "images", "drop": drop, "serve_as": NAME, "settle": "0s", "interval": "1h"})
        with Rig(namespaces, low_extra=[source]) as rig:
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            yield Site(rig, drop)
    finally:
        shutil.rmtree(drop, ignore_errors=True)


def unpacked(layout, tag):
    """{path: (mode, size, digest)}"""
    bundle = pathlib.Path(f"{layout}-bundle-{tag}")
    run("umoci", "unpack", "--image", f"{layout}:{tag}", bundle)
    root = bundle / "rootfs"
    return {str(p.relative_to(root)): (p.lstat().st_mode, p.lstat().st_size, digest_of(p.read_bytes()) if p.is_file() else None) for p in root.rglob("*")}


def as_nobody(site, reference):
    """{path: (size, digest)} of what an unprivileged user pulls and unpacks."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="sluice-nobody-", dir="/var/tmp"))
    try:
        shutil.chown(home, "nobody")
        become = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", "env", "-i", f"PATH={os.environ['PATH']}", f"HOME={home}", f"XDG_RUNTIME_DIR={home}"]
        inside(site.rig, *become, "skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://127.0.0.1:{site.rig.serve}/{NAME}/{reference}", f"oci:{home}/layout:it", cwd=home)
        run(*become, "umoci", "unpack", "--rootless", "--image", f"{home}/layout:it", f"{home}/bundle", cwd=home)
        root = home / "bundle/rootfs"
        return {str(p.relative_to(root)): (p.lstat().st_size, digest_of(p.read_bytes()) if p.is_file() else None) for p in root.rglob("*")}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def make_layout(folder, name):
    """An image of two layers by umoci."""
    layout = folder / name
    run("umoci", "init", "--layout", layout)
    run("umoci", "new", "--image", f"{layout}:it")
    for number in (1, 2):
        tree = folder / f"{name}-tree{number}"
        (tree / "bin").mkdir(parents=True)
        (tree / "bin/tool").write_bytes(os.urandom(300_000 * number))
        (tree / "bin/tool").chmod(0o755)
        (tree / "link").symlink_to("bin/tool")
        run("umoci", "insert", "--image", f"{layout}:it", tree, f"/srv/{number}")
    return layout


def index_of(layout):
    return json.loads((pathlib.Path(layout) / "index.json").read_text())


def members(archive):
    """{name: bytes} of a tar's regular files."""
    with tarfile.open(archive) as opened:
        return {m.name: opened.extractfile(m).read() for m in opened if m.isfile()}


def write_tar(path, files, links=(), compress=False):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    path.write_bytes(gzip.compress(raw.getvalue()) if compress else raw.getvalue())


def old_docker_save(path, tags, seed, compress=False, change=None):
    """As docker before 25 wrote it: a folder for each layer; two that are alike are one file and a link. (config, layers) as digests. `change`: what is done to a layer after all."""
    plain = [gzip.decompress(layer({"app": f"{seed} {n}".encode() * 10_000})[0]) for n in ("one", "two")]
    stack = [plain[0], plain[1], plain[0]]
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/app"]}, "rootfs": {"type": "layers", "diff_ids": [digest_of(one) for one in stack]},
                         "history": [{"created": "2020-01-01T00:00:00Z"} for _ in stack]}).encode()
    ids = [hashlib.sha256(f"{seed} {n}".encode()).hexdigest() for n in range(3)]
    config_name = digest_of(config).removeprefix("sha256:") + ".json"
    files = {f"{ids[0]}/VERSION": b"1.0", f"{ids[0]}/json": b"{}", f"{ids[0]}/layer.tar": plain[0], f"{ids[1]}/layer.tar": plain[1], config_name: config}
    if change:
        files[f"{ids[1]}/layer.tar"] = change(plain[1])
    files["manifest.json"] = json.dumps([{"Config": config_name, "RepoTags": tags, "Layers": [f"{one}/layer.tar" for one in ids]}]).encode()
    files["repositories"] = json.dumps({"team/old": {"1": ids[2]}}).encode()
    write_tar(path, files, [(f"{ids[2]}/layer.tar", f"../{ids[0]}/layer.tar")], compress)
    return digest_of(config), [digest_of(one) for one in stack]


def parts(manifest):
    return manifest["config"]["digest"], [one["digest"] for one in manifest["layers"]]


def archives_cross_whole():
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-made-"))
    try:
        layout = make_layout(scratch, "layout")
        original, tree = index_of(layout)["manifests"][0]["digest"], unpacked(layout, "it")
        old = {}

        def fill(drop):
            (drop / "team").mkdir()
            run("skopeo", "copy", "-q", f"oci:{layout}:it", f"docker-archive:{drop}/saved.tar:team/saved:1.0")
            run("skopeo", "copy", "-q", f"oci:{layout}:it", f"oci-archive:{drop}/archive.tar:registry.example.org:5000/team/archive:2.0")
            run("skopeo", "copy", "-q", f"oci:{layout}:it", f"oci:{drop}/team/layout:3.0")
            shutil.copytree(layout, drop / "Unnamed")
            for one in (drop / "Unnamed").glob("index.json"):  # as tools write it that name nothing
                document = json.loads(one.read_text())
                del document["manifests"][0]["annotations"]
                one.write_text(json.dumps(document))
            old["plain"] = old_docker_save(drop / "old.tar", ["team/old:1", "team/old:latest"], "old")
            old["packed"] = old_docker_save(drop / "old-packed.tar.gz", ["packed:1"], "packed", compress=True)
            # docker save of today: the layout, with Docker's own list beside it.
            blobs = {f"blobs/sha256/{p.name}": p.read_bytes() for p in (layout / "blobs/sha256").iterdir()}
            named = [{**one, "annotations": {"io.containerd.image.name": "docker.io/library/both:5", "org.opencontainers.image.ref.name": "5"}} for one in index_of(layout)["manifests"]]
            write_tar(drop / "both.tar", {**blobs, "oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps({"schemaVersion": 2, "manifests": named}).encode(),
                                          "manifest.json": b'[{"Config":"none","RepoTags":["both:5"],"Layers":[]}]'})

        with Namespaces(loss_per_10000=50) as namespaces, folder_is_polled(namespaces, fill) as site:
            for reference in ("team/archive:2.0", "team/layout:3.0", "unnamed:latest", "both:5"):
                digest, _ = site.manifest(reference) or (site.problems(), None)
                check(digest == original, f"{reference} has the digest {digest}, the archive's is {original}")
                check(site.tree(reference) == tree, f"{reference} unpacks to another tree")
            archived = members(site.drop / "saved.tar")
            listed = json.loads(archived["manifest.json"])[0]
            _, served = site.manifest("team/saved:1.0")
            check(parts(served) == (digest_of(archived[listed["Config"]]), [digest_of(archived[one]) for one in listed["Layers"]]), f"other digests than in the docker-archive: {served}")
            check(site.tree("team/saved:1.0") == tree, "the docker-archive unpacks to another tree")
            for reference, expected in (("team/old:1", old["plain"]), ("team/old:latest", old["plain"]), ("packed:1", old["packed"])):
                check(parts(site.manifest(reference)[1]) == expected, f"{reference} has other digests than its archive")
                check("app" in site.tree(reference), f"{reference} unpacks to something else")
            check(as_nobody(site, "team/archive:2.0") == {name: (size, digest) for name, (_, size, digest) in tree.items()}, "nobody unpacks another tree")
            # The same archive gives the same manifest.
            before = site.manifest("team/old:1")[0]
            old_docker_save(site.drop / "again.tar", ["team/again:1"], "old")
            site.poll()
            check(site.manifest("team/again:1")[0] == before, "the same image has another manifest")
            check(site.problems() == "[]", f"there are problems: {site.problems()}")
            site.rig.stop("low")
            site.rig.stop("high")
            check(namespaces.high_sent_packets() == 0, "the high side sent packets")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def buildah_builds_and_its_archive_crosses():
    with folder_is_polled() as site:
        home = site.rig.folder / "buildah"
        home.mkdir()
        (home / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{home}/run"\ngraphroot = "{home}/graph"\n')
        environment = {"CONTAINERS_STORAGE_CONF": str(home / "storage.conf"), "HOME": str(home), "BUILDAH_ISOLATION": "chroot", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        (home / "app").write_bytes(os.urandom(100_000))
        container = run("buildah", "from", "scratch", env=environment).stdout.strip()
        run("buildah", "copy", container, home / "app", "/srv/app", env=environment)
        run("buildah", "config", "--cmd", "/srv/app", container, env=environment)
        run("buildah", "commit", "-q", container, f"docker-archive:{home}/built.tar:team/built:7", env=environment)
        part = site.drop / "built.tar.part"
        shutil.copyfile(home / "built.tar", part)
        site.poll()
        check(site.manifest("team/built:7") is None, "what is still being copied has crossed")
        part.rename(site.drop / "built.tar")
        site.poll()
        check(site.tree("team/built:7")["srv/app"][2] == digest_of((home / "app").read_bytes()), f"the file is another; {site.problems()}")


def what_cannot_cross_is_named():
    def fill(drop):
        old_docker_save(drop / "good.tar", ["team/app:1"], "good")

    with folder_is_polled(fill=fill) as site:
        rig, first = site.rig, site.manifest("team/app:1")[0]
        old_docker_save(site.drop / "changed.tar", ["team/changed:1"], "changed", change=lambda one: one[:-1] + b"x")
        old_docker_save(site.drop / "whole.tar", ["team/cut:1"], "cut")
        (site.drop / "cut.tar").write_bytes((site.drop / "whole.tar").read_bytes()[:15_000])
        (site.drop / "whole.tar").unlink()
        (site.drop / "notes.txt").write_text("no image\n")
        write_tar(site.drop / "outside.tar", {"../../etc/evil": b"x", "manifest.json": b"[]"})
        write_tar(site.drop / "escape.tar", {"manifest.json": json.dumps([{"Config": "c", "RepoTags": ["team/escape:1"], "Layers": []}]).encode()}, [("c", "../../../etc/passwd")])
        old_docker_save(site.drop / "nice.tar", ["team/nice:1"], "nice")
        site.poll()
        said = site.problems()
        for name, why in (("changed.tar", "sha256:"), ("cut.tar", "does not unpack"), ("notes.txt", "does not unpack"), ("outside.tar", "outside"), ("escape.tar", "outside")):
            check(any(name in one and why in one for one in json.loads(said)), f"{name} is not named with its cause: {said}")
        check(rig.metric("low", REFUSED) == 5, f"{rig.metric('low', REFUSED)} archives were refused")
        check(site.manifest("team/nice:1") is not None and site.manifest("team/changed:1") is None, "what is good did not cross, or what is bad did")
        check([p for p in (rig.folder / "low/state").rglob("*") if p.parent.name == "quarantine"], "the layer with another digest is not in quarantine")
        # Not again, until it changes; then it is taken.
        site.poll()
        check(rig.metric("low", REFUSED) == 5 and "changed.tar" in site.problems(), "a refused archive was read again, or is forgotten")
        old_docker_save(site.drop / "changed.tar", ["team/changed:1"], "changed")
        site.poll()
        check(site.manifest("team/changed:1") is not None, f"a mended archive did not cross: {site.problems()}")
        # A newer archive moves the tag; its removal takes nothing away.
        old_docker_save(site.drop / "newer.tar", ["team/app:1"], "newer")
        site.poll()
        second = site.manifest("team/app:1")[0]
        check(second != first, "the tag did not move")
        for one in ("newer.tar", "good.tar"):
            (site.drop / one).unlink()
        site.poll()
        check(site.manifest("team/app:1")[0] == second, "what was shipped went with its archive")


if __name__ == "__main__":
    main([archives_cross_whole, buildah_builds_and_its_archive_crosses, what_cannot_cross_is_named])
