#!/usr/bin/env python3
"""Images cross a real one-way link from Debian's docker-registry and from one that asks for tokens: skopeo, buildah and podman pull them, digests and unpacked trees are the
upstream's; indices whole and without some platforms; signatures by both schemes; tags that move; and what cannot be had is named."""
import contextlib
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

from oci_registry import DockerRegistry, INDEX, Store, artifact, digest_of, image, index, layer
from rig import Namespaces, Rig, check, free_port, main, run
from scene import inside

HERE = pathlib.Path(__file__).resolve().parent
NAME = "registry.example.org"
DICE = random.Random(7)
BASE = layer({"bin/true": b"\x7fELF base" + DICE.randbytes(300_000), "etc/os-release": b"ID=test\n"})


@contextlib.contextmanager
def crossing(registry_of, namespaces=None, **settings):
    """`registry_of(folder, port, prefix)` gives a registry with close()."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-images-"))
    port = free_port()
    prefix = ["ip", "netns", "exec", namespaces.low] if namespaces else []
    registry = registry_of(folder, port, prefix)
    try:
        def up():
            return run(*prefix, "curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/v2/", ok=False).returncode == 0
        source = ("[oci]", {"name": "images", "registry": f"http://127.0.0.1:{port}", "serve_as": NAME, "interval": "1h", **settings})
        with Rig(namespaces, low_extra=[source]) as rig:
            rig.wait_until(up, "the registry answers")
            registry.fill()
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            yield rig, registry
    finally:
        registry.close()
        shutil.rmtree(folder, ignore_errors=True)


def debian_registry(fill):
    def make(folder, port, prefix):
        registry = DockerRegistry(folder / "registry", port, prefix)
        registry.fill = lambda: fill(registry)
        return registry
    return make


class OwnRegistry:
    def __init__(self, folder, port, prefix, fill, **behaviour):
        self.store, self.port = Store(folder / "store"), port
        self.store.behave(**behaviour)
        self._fill, self._prefix = fill, prefix
        self._process = subprocess.Popen([*prefix, sys.executable, str(HERE / "oci_registry.py"), str(port), str(folder / "store")], stdin=subprocess.DEVNULL)

    def fill(self):
        self._fill(self.store)

    def log(self):
        return json.loads(run(*self._prefix, "curl", "-s", f"http://127.0.0.1:{self.port}/log").stdout)

    def close(self):
        self._process.kill()
        self._process.wait()


def get(rig, path, status=200, **options):
    code, headers, body = rig.get(f"/v2/{NAME}/{path}", **options)
    check(code == status, f"{path} answered {code}: {body[:300]}")
    return headers, body


def check_served(rig, repository, one):
    """Every manifest and blob of it, byte for byte."""
    for digest, (kind, data) in one.manifests.items():
        headers, body = get(rig, f"{repository}/manifests/{digest}")
        check(body == data and headers["content-type"] == kind and headers["docker-content-digest"] == digest, f"manifest {digest} is another: {headers}")
    for digest, data in one.blobs.items():
        check(get(rig, f"{repository}/blobs/{digest}")[1] == data, f"blob {digest} is another")


def poll(rig, until, what):
    rig.send_signal("low", signal.SIGHUP)
    rig.wait_until(until, what)


def polls(rig):
    return next(source["polls"] for source in rig.status("low")["sources"] if source["name"] == "images")


def tag_of(rig, repository, tag):
    code, headers, _ = rig.get(f"/v2/{NAME}/{repository}/manifests/{tag}", method="HEAD")
    return headers["docker-content-digest"] if code == 200 else None


def skopeo(rig, *arguments, side="high", **options):
    if side == "low":
        prefix = ["ip", "netns", "exec", rig.namespaces.low] if rig.namespaces else []
        return run(*prefix, "skopeo", *arguments, **options)
    return inside(rig, "skopeo", *arguments, **options)


def tree(rig, source, folder, side, architecture="amd64"):
    """What the image unpacks to: {path: (mode, size, digest)}."""
    skopeo(rig, "copy", "-q", "--override-arch", architecture, "--src-tls-verify=false", f"docker://{source}", f"oci:{folder}:it", side=side)
    run("umoci", "unpack", "--image", f"{folder}:it", f"{folder}-bundle")
    root = pathlib.Path(f"{folder}-bundle/rootfs")
    return {str(p.relative_to(root)): (p.stat().st_mode, p.stat().st_size, digest_of(p.read_bytes()) if p.is_file() else None) for p in root.rglob("*")}


def container_home(rig, name):
    """A store of the client's own: vfs, which needs no file system of a kind."""
    home = rig.folder / name
    home.mkdir()
    (home / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{home}/run"\ngraphroot = "{home}/graph"\n')
    return home, {"CONTAINERS_STORAGE_CONF": str(home / "storage.conf"), "HOME": str(home), "BUILDAH_ISOLATION": "chroot", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def images_cross_whole():
    app = {name: image([BASE, layer({"app/run": f"for {name}".encode() + DICE.randbytes(50_000)})], name) for name in ("amd64", "arm64")}
    many, single = index(app), image([BASE, layer({"app/run": b"single"})], docker=True)
    listed = index({"amd64": single}, docker=True)
    signature = artifact(b'{"critical":{}}')
    legacy = f"sha256-{many.digest.removeprefix('sha256:')}.sig"

    def fill(registry):
        registry.push("team/app", many, ["1.2.0", "stable"])
        registry.push("team/app", single, ["1.3.0"])
        registry.push("team/app", listed, ["1.4.0"])
        registry.push("team/app", image([layer({"x": b"old"})]), ["0.9.0"])
        registry.push("team/app", signature, [legacy])
        registry.push("base", image([BASE]), ["latest"])

    with Namespaces(loss_per_10000=50) as namespaces, crossing(debian_registry(fill), namespaces, want=["team/app:^1.2", "team/app:sta*", "base"]) as (rig, registry):
        for one in (many, single, listed, signature):
            check_served(rig, "team/app", one)
        tags = json.loads(get(rig, "team/app/tags/list")[1])["tags"]
        check(tags == sorted(["1.2.0", "1.3.0", "1.4.0", "stable", legacy]), f"the tags are {tags}")
        check(tag_of(rig, "team/app", "stable") == many.digest and tag_of(rig, "team/app", legacy) == signature.digest, "a tag leads elsewhere")
        # A layer that four images share was fetched once, and crossed once.
        shared = registry.asked(f"GET /v2/team/app/blobs/{digest_of(BASE[0])}") + registry.asked(f"GET /v2/base/blobs/{digest_of(BASE[0])}")
        check(shared == 1, f"the layer that images share was fetched {shared} times")
        high, low = f"127.0.0.1:{rig.serve}/{NAME}", f"127.0.0.1:{registry.port}"
        for tag, architecture in (("1.2.0", "amd64"), ("1.2.0", "arm64"), ("1.3.0", "amd64")):
            trees = [tree(rig, f"{host}/team/app:{tag}", rig.folder / f"{side}-{tag}-{architecture}", side, architecture) for host, side in ((low, "low"), (high, "high"))]
            check(trees[0] == trees[1] and "app/run" in trees[0], f"{tag} for {architecture} unpacks to another tree")
        skopeo(rig, "copy", "-q", "--all", "--preserve-digests", "--src-tls-verify=false", f"docker://{high}/team/app:1.2.0", f"dir:{rig.folder}/all")
        check(digest_of((rig.folder / "all/manifest.json").read_bytes()) == many.digest, "skopeo copied another index")
        for client in ("buildah", "podman"):
            home, environment = container_home(rig, client)
            inside(rig, client, "pull", "-q", "--tls-verify=false", f"{high}/team/app:1.2.0", env=environment)
            shown = json.loads(inside(rig, client, "inspect", *(["--type", "image"] if client == "buildah" else []), f"{high}/team/app:1.2.0", env=environment).stdout)
            text = json.dumps(shown)
            check(app["amd64"].digest in text or many.digest in text, f"{client} pulled another image: {text[:600]}")
        check("no gaps" in rig.run("high", "gaps").stdout, "there are gaps")
        rig.stop("low")
        rig.stop("high")
        check(namespaces.high_sent_packets() == 0 and namespaces.high_tried_to_send() == 0, "the high side sent packets")


def platforms_are_left_out_and_tags_move():
    def built(name):
        return {architecture: image([BASE, layer({"app": f"{name} {architecture}".encode()})], architecture) for architecture in ("amd64", "arm64")}
    first, second = built("first"), built("second")

    def fill(registry):
        registry.push("team/app", index(first), ["1"])

    with crossing(debian_registry(fill), want=["team/app:1"], platforms=["linux/arm64"]) as (rig, registry):
        check(tag_of(rig, "team/app", "1") == index(first).digest, "the index is not the upstream's")
        check_served(rig, "team/app", first["arm64"])
        get(rig, f"team/app/manifests/{first['amd64'].digest}", 404)
        high = f"127.0.0.1:{rig.serve}/{NAME}/team/app:1"
        skopeo(rig, "copy", "-q", "--override-arch", "arm64", "--src-tls-verify=false", f"docker://{high}", f"dir:{rig.folder}/arm")
        check(skopeo(rig, "copy", "-q", "--override-arch", "amd64", "--src-tls-verify=false", f"docker://{high}", f"dir:{rig.folder}/amd", ok=False).returncode != 0,
              "what was left out can be pulled")
        fetched = registry.asked("GET /v2/team/app/manifests/")
        before = polls(rig)
        poll(rig, lambda: polls(rig) > before, "a poll that finds nothing new")
        check(registry.asked("GET /v2/team/app/manifests/") == fetched, "a tag that has not moved costs more than a HEAD")
        registry.push("team/app", index(second), ["1"])
        poll(rig, lambda: tag_of(rig, "team/app", "1") == index(second).digest, "the tag moves")
        check_served(rig, "team/app", second["arm64"])
        check_served(rig, "team/app", first["arm64"])  # who pinned it still has it
        check(registry.asked(f"blobs/{digest_of(BASE[0])}") == 1, "a layer that is held was fetched again")
        # A move whose layer is gone: the tag stays, and the poll says why.
        broken = image([layer({"app": b"broken"})], "arm64")
        registry.push("team/app", broken, ["1"])
        gone = next(iter(set(broken.blobs) - {digest_of(b"{}")}))
        for path in (registry.log_path.parent / "data").rglob(f"{gone.removeprefix('sha256:')}/data"):
            path.unlink()
        before = polls(rig)
        poll(rig, lambda: polls(rig) > before, "a poll of what is broken")
        check(tag_of(rig, "team/app", "1") == index(second).digest, "the tag moved to what cannot be had")
        check(f"{NAME}/team/app:1" in json.dumps(rig.status("low")), "no problem names the image that cannot be had")


def tokens_limits_and_broken_transfers():
    large = layer({"large": DICE.randbytes(3_000_000)})
    one = image([BASE, large])
    sbom = artifact(b'{"bomFormat":"CycloneDX"}', one, "application/vnd.cyclonedx+json", purpose="sbom")
    signature = artifact(b"signed", sbom, purpose="signature")

    def fill(store):
        for which in (one, sbom, signature):
            store.put(which)
        store.put(one, ["1.0.0", "1.1.0", "edge", "latest", "nightly"])

    def make(folder, port, prefix):
        return OwnRegistry(folder, port, prefix, fill, credentials="robot:pass:word", busy=2, cut={digest_of(large[0]): 1_000_000})

    with tempfile.NamedTemporaryFile("w", suffix=".credentials") as credentials:
        credentials.write("robot:pass:word\n")
        credentials.flush()
        with crossing(make, want=["team/app:~1.0", "team/app:late*"], credentials=credentials.name) as (rig, registry):
            for which in (one, sbom, signature):
                check_served(rig, "team/app", which)
            check(json.loads(get(rig, "team/app/tags/list")[1])["tags"] == ["1.0.0", "latest"], "other tags crossed")
            _, body = get(rig, f"team/app/referrers/{one.digest}")
            referrers = json.loads(body)
            check(referrers["mediaType"] == INDEX and [m["digest"] for m in referrers["manifests"]] == [sbom.digest], f"what refers to the image is {referrers}")
            check(referrers["manifests"][0]["artifactType"] == "application/vnd.cyclonedx+json" and referrers["manifests"][0]["annotations"] == {"purpose": "sbom"},
                  f"the list says {referrers}")
            check(json.loads(get(rig, f"team/app/referrers/{sbom.digest}")[1])["manifests"][0]["digest"] == signature.digest, "the SBOM's signature is missing")
            log = registry.log()
            resumed = [entry for entry in log if digest_of(large[0]) in entry["path"]]
            check([entry["range"] for entry in resumed] == [None, "bytes=1000000-"], f"the large layer was asked for as {resumed}")
            tokens = [entry for entry in log if entry["path"].startswith("/token")]
            check(len(tokens) == 1 and tokens[0]["authorization"].startswith("Basic "), f"tokens were asked for {len(tokens)} times")
            check(all((entry["authorization"] or "").startswith("Bearer") for entry in log if not entry["path"].startswith("/token") and entry["path"] != "/v2/"), "a request went without its token, or with the password")
            for side in ("low", "high"):
                said = rig.log(side) + json.dumps(rig.status(side))
                check("pass:word" not in said and "a-token-of-the-test" not in said, f"a secret is in what the {side} side says")


def what_is_refused_is_named():
    def fill(store):
        store.put(image([layer({"a": b"b"})]), ["1"])

    def make(folder, port, prefix):
        return OwnRegistry(folder, port, prefix, fill, credentials="robot:secret")

    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        registry = make(folder, port, [])
        stack.callback(registry.close)
        source = ("[oci]", {"name": "images", "registry": f"http://127.0.0.1:{port}", "serve_as": NAME, "interval": "1h", "want": ["team/app:1", "team/none:2"]})
        rig = stack.enter_context(Rig(low_extra=[source]))
        rig.wait_until(lambda: run("curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/v2/", ok=False).returncode == 0, "the registry answers")
        registry.fill()
        rig.start("low")
        rig.wait_until(lambda: "name a file with user:password" in json.dumps(rig.status("low")), "the refusal and its cure are told")


if __name__ == "__main__":
    main([images_cross_whole, platforms_are_left_out_and_tags_move, tokens_limits_and_broken_transfers, what_is_refused_is_named])
