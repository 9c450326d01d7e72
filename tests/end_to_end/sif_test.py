#!/usr/bin/env python3
"""SIF images by the format's reference implementation (sif_tool.go) cross a real one-way link, from a registry as ORAS artifacts and from a drop folder as files: signed, unsigned,
changed after they were signed, signed by a stranger, cut off. What crosses is served as an artifact and as a file, bit for bit; a name never changes its bytes; either side
verifies with a keyring of its own."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import tempfile

from oci_registry import MANIFEST, DockerRegistry, Image, descriptor, digest_of
from rig import Namespaces, Rig, check, free_port, main, run
from scene import inside

HERE = pathlib.Path(__file__).resolve().parent
NAME, DROPPED = "registry.example.org", "images.example.org"
SIF_CONFIG, SIF_LAYER = "application/vnd.sylabs.sif.config.v1+json", "application/vnd.sylabs.sif.layer.v1.sif"
CHECKED = 'sluice_sif_checked_total{{result="{}"}}'


class Workshop:
    """Makes images and keys."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-sif-"))
        self._made = 0
        # The library is found as "v2" only from a package of the path that has a go.mod.
        package = self.folder / "path/src/sif_tool"
        package.mkdir(parents=True)
        shutil.copy(HERE / "sif_tool.go", package)
        (package / "go.mod").write_text("module sif_tool\n")
        run("go", "build", "-o", self.folder / "sif_tool", "sif_tool", cwd=package, env={
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "GO111MODULE": "off", "GOPATH": f"{self.folder}/path:/usr/share/gocode", "GOFLAGS": ""})
        self.keys = {who: self._key(who) for who in ("known", "stranger")}

    def _key(self, who):
        home = self.folder / who
        home.mkdir(mode=0o700)
        environment = {"PATH": os.environ["PATH"], "GNUPGHOME": str(home)}
        try:
            run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", f"{who} <{who}@example.org>", "rsa2048", "sign", "never", env=environment)
            for name, option in (("public", "--export"), ("secret", "--export-secret-keys")):
                run("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--output", home / name, option, env=environment)
        finally:
            run("gpgconf", "--kill", "gpg-agent", env=environment)
        return home

    def tool(self, *arguments, ok=True):
        return run(self.folder / "sif_tool", *arguments, ok=ok)

    def image(self, content, signer=None):
        """The bytes of one whose file system holds `content`, and is otherwise the same."""
        self._made += 1
        root, path = self.folder / f"root{self._made}", self.folder / f"image{self._made}.sif"
        (root / "srv").mkdir(parents=True)
        (root / "srv/content").write_bytes(content)
        run("mksquashfs", root, f"{path}.squashfs", "-quiet", "-no-progress")
        self.tool("new", path, f"{path}.squashfs")
        if signer:
            self.tool("sign", path, self.keys[signer] / "secret")
        return path.read_bytes()

    def check_by_reference(self, image, content, signer=None):
        """The reference implementation takes it, and its file system unpacks."""
        path = self.folder / "fetched.sif"
        path.write_bytes(image)
        if signer:
            self.tool("verify", path, self.keys[signer] / "public")
        else:
            check(self.tool("verify", path, self.keys["known"] / "public", ok=False).returncode != 0, "an unsigned image verifies")
        offset = image.index(b"hsqs", 32176)
        unpacked = self.folder / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        run("unsquashfs", "-q", "-n", "-o", offset, "-d", unpacked, path)
        check((unpacked / "srv/content").read_bytes() == content, "its file system holds something else")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def changed(image):
    """A bit of the squashfs is another."""
    at = image.index(b"hsqs", 32176) + 200
    return image[:at] + bytes([image[at] ^ 1]) + image[at + 1:]


def artifact(image):
    return Image({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(SIF_CONFIG, b"{}"), "layers": [descriptor(SIF_LAYER, image)]}, MANIFEST, [b"{}", image])


class Site:
    def __init__(self, rig, registry, drop):
        self.rig, self.registry, self.drop = rig, registry, drop

    def poll(self):
        before = self._polls()
        self.rig.send_signal("low", signal.SIGHUP)
        self.rig.wait_until(lambda: all(now > then for now, then in zip(self._polls(), before)), "the sources are polled")
        self.rig.wait_until_crossed()

    def _polls(self):
        return [source["polls"] for source in self.rig.status("low")["sources"]]

    def problems(self):
        return [problem for source in self.rig.status("low")["sources"] for problem in source["problems"]]

    def file(self, path, **options):
        return self.rig.get(f"/sif/{path}.sif", **options)

    def check_served(self, name, tag, image):
        """Both ways, bit for bit."""
        code, headers, body = self.file(f"{name}/{tag}")
        check(code == 200 and body == image, f"/sif/{name}/{tag}.sif answered {code}, {len(body)} bytes; {self.problems()}")
        check(headers["content-type"] == SIF_LAYER and headers["docker-content-digest"] == digest_of(image) and headers["etag"] == f'"{digest_of(image)}"', f"its fields are {headers}")
        # As oras and apptainer pull: the manifest, then its one layer.
        code, _, body = self.rig.get(f"/v2/{name}/manifests/{tag}")
        manifest = json.loads(body)
        check(code == 200 and manifest["config"]["mediaType"] == SIF_CONFIG and [one["mediaType"] for one in manifest["layers"]] == [SIF_LAYER], f"the artifact is {body}")
        check(self.rig.get(f"/v2/{name}/blobs/{manifest['config']['digest']}")[2] == b"{}", "its configuration says something")
        check(self.rig.get(f"/v2/{name}/blobs/{manifest['layers'][0]['digest']}")[2] == image, "the layer has other bytes")

    def check_refused(self, thing, cause):
        check(any(thing in problem and cause in problem for problem in self.problems()), f"no problem names {thing} and says '{cause}': {json.dumps(self.problems(), indent=1)}")


@contextlib.contextmanager
def crossing(fill, fill_folder=lambda drop: None, namespaces=None, low=None, high=None, tags="*"):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-images-"))
    drop, port = folder / "drop", free_port()
    drop.mkdir()
    registry = DockerRegistry(folder / "registry", port, ["ip", "netns", "exec", namespaces.low] if namespaces else [])
    try:
        fill_folder(drop)
        sources = [("[oci]", {"name": "registry", "registry": f"http://127.0.0.1:{port}", "serve_as": NAME, "interval": "1h",
                              "want": [f"team/{name}:{tags}" for name in ("signed", "unsigned", "changed", "stranger", "cut")]}),
                   ("[oci]", {"name": "folder", "drop": drop, "serve_as": DROPPED, "settle": "0s", "interval": "1h"})]
        with Rig(namespaces, low_extra=sources + ([("sif", low)] if low else []), high_extra=[("sif", high)] if high else []) as rig:
            prefix = ["ip", "netns", "exec", namespaces.low] if namespaces else []
            rig.wait_until(lambda: run(*prefix, "curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/v2/", ok=False).returncode == 0, "the registry answers")
            fill(registry)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            yield Site(rig, registry, drop)
    finally:
        registry.close()
        shutil.rmtree(folder, ignore_errors=True)


def signatures_decide_and_what_crosses_is_served_both_ways(shop):
    content = os.urandom(2_000_000)
    signed, unsigned = shop.image(content, "known"), shop.image(content)
    stranger, bad = shop.image(content, "stranger"), changed(shop.image(content, "known"))
    dropped, plain = shop.image(b"dropped", "known"), shop.image(b"plain")

    def fill(registry):
        for name, image in (("signed", signed), ("unsigned", unsigned), ("changed", bad), ("stranger", stranger), ("cut", signed[:1_000_000])):
            registry.push(f"team/{name}", artifact(image), ["1.0"])

    def fill_folder(drop):
        (drop / "team").mkdir()
        (drop / "team/tool_2.0.sif").write_bytes(dropped)
        (drop / "plain.sif").write_bytes(plain)
        (drop / "changed_1.sif").write_bytes(changed(dropped))
        (drop / "none_1.sif").write_bytes(b"no image " * 100)

    with Namespaces(loss_per_10000=50) as namespaces, crossing(fill, fill_folder, namespaces, low={"keyring": shop.keys["known"] / "public"}) as site:
        rig = site.rig
        site.check_served(f"{NAME}/team/signed", "1.0", signed)
        site.check_served(f"{NAME}/team/unsigned", "1.0", unsigned)
        site.check_served(f"{DROPPED}/team/tool", "2.0", dropped)
        site.check_served(f"{DROPPED}/plain", "latest", plain)
        shop.check_by_reference(site.file(f"{NAME}/team/signed/1.0")[2], content, "known")
        shop.check_by_reference(site.file(f"{NAME}/team/unsigned/1.0")[2], content)
        # The upstream's own manifest, and skopeo's copy of the artifact.
        check(rig.get(f"/v2/{NAME}/team/signed/manifests/1.0")[2] == artifact(signed).data, "the manifest is not the registry's")
        inside(rig, "skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://127.0.0.1:{rig.serve}/{NAME}/team/signed:1.0", f"dir:{rig.folder}/copied")
        check((rig.folder / "copied" / digest_of(signed).removeprefix("sha256:")).read_bytes() == signed, "skopeo copied other bytes")
        code, headers, part = site.file(f"{NAME}/team/signed/1.0", headers={"Range": "bytes=100-199"})
        check(code == 206 and part == signed[100:200], f"a part of it is answered {code} {headers}")
        check(site.file(f"{NAME}/team/signed/1.0", headers={"If-None-Match": f'"{digest_of(signed)}"'})[0] == 304, "what has not changed is sent again")
        rig.run("high", "snapshot", "create", "then")
        check(rig.get(f"/snapshot/then/sif/{NAME}/team/signed/1.0.sif")[2] == signed, "a snapshot has another image")
        for missing in ("team/none/1.0", "team/changed/1.0", "team/stranger/1.0", "team/cut/1.0"):
            check(site.file(f"{NAME}/{missing}")[0] == 404, f"{missing} is served")
        site.check_refused("team/changed", "object 2 is not what")
        site.check_refused("team/stranger", "keyring does not hold")
        site.check_refused("team/cut", "no sound SIF image")
        site.check_refused(f"{DROPPED}/changed", "is not what")
        site.check_refused(f"{DROPPED}/none", "no sound SIF image")
        counts = {result: rig.metric("low", CHECKED.format(result)) for result in ("good", "unsigned", "bad", "unknown-key", "malformed")}
        check(counts == {"good": 2, "unsigned": 2, "bad": 2, "unknown-key": 1, "malformed": 2}, f"what was found is counted as {counts}")
        held = [path for path in (rig.folder / "low/state").rglob("*") if path.parent.name == "quarantine"]
        check(any(path.is_file() and path.read_bytes() == bad for path in held), f"what was changed is not in quarantine: {held}")
        # What was refused is not fetched and looked at again.
        fetched = site.registry.asked("GET /v2/team/changed/blobs/")
        site.poll()
        check(site.registry.asked("GET /v2/team/changed/blobs/") == fetched and rig.metric("low", CHECKED.format("bad")) == 2, "what was refused is fetched again")
        site.check_refused("team/changed", "object 2 is not what")
        rig.stop("low")
        rig.stop("high")
        check(namespaces.high_sent_packets() == 0, "the high side sent packets")


def a_name_never_changes_its_bytes(shop):
    first, second = shop.image(b"first", "known"), shop.image(b"second", "known")
    with crossing(lambda registry: registry.push("team/signed", artifact(first), ["1.0"]), lambda drop: (drop / "tool_1.sif").write_bytes(first)) as site:
        site.registry.push("team/signed", artifact(second), ["1.0", "2.0"])
        (site.drop / "tool_1.sif").write_bytes(second)
        (site.drop / "tool_2.sif").write_bytes(second)
        site.poll()
        for name, old, new in ((f"{NAME}/team/signed", "1.0", "2.0"), (f"{DROPPED}/tool", "1", "2")):
            site.check_served(name, old, first)
            site.check_served(name, new, second)
            site.check_refused(f"{name}:{old}", "keeps its name")
        check(site.rig.metric("low", "sluice_sif_refused_moves_total") == 2, "the moves are not counted")


def signatures_may_be_required_and_keys_be_added(shop):
    unsigned, stranger = shop.image(b"unsigned"), shop.image(b"stranger", "stranger")
    keyring = shop.folder / "keyring.gpg"
    keyring.write_bytes((shop.keys["known"] / "public").read_bytes())

    def fill(registry):
        registry.push("team/unsigned", artifact(unsigned), ["1.0"])
        registry.push("team/stranger", artifact(stranger), ["1.0"])

    with crossing(fill, low={"keyring": keyring, "signatures": "require"}) as site:
        site.check_refused("team/unsigned", "not signed as sif.signatures requires")
        site.check_refused("team/stranger", "keyring does not hold")
        keyring.write_bytes(b"".join((shop.keys[who] / "public").read_bytes() for who in ("known", "stranger")))
        site.poll()
        site.check_served(f"{NAME}/team/stranger", "1.0", stranger)
        check(site.file(f"{NAME}/team/unsigned/1.0")[0] == 404, "what is unsigned crossed")


def the_high_side_verifies_for_itself(shop):
    """The low side looks at no signature; what the high side does not trust is never visible."""
    known, stranger = shop.image(b"known", "known"), shop.image(b"stranger", "stranger")
    with crossing(lambda registry: registry.push("team/signed", artifact(known), ["1.0"]), high={"keyring": shop.keys["known"] / "public"}) as site:
        site.check_served(f"{NAME}/team/signed", "1.0", known)
        site.registry.push("team/stranger", artifact(stranger), ["1.0"])
        site.rig.send_signal("low", signal.SIGHUP)
        site.rig.wait_until(lambda: site.rig.metric("high", "sluice_records_refused_total") == 1, "the high side refuses the shipment")
        check(site.file(f"{NAME}/team/stranger/1.0")[0] == 404, "it is served")
        check("by this side's sif.keyring its signature is unknown-key" in site.rig.log("high"), "the refusal does not say why")


def in_workshop(shop, test):
    def run_it():
        test(shop)
    run_it.__name__ = test.__name__
    return run_it


if __name__ == "__main__":
    workshop = Workshop()
    try:
        main([in_workshop(workshop, test) for test in (signatures_decide_and_what_crosses_is_served_both_ways, a_name_never_changes_its_bytes,
                                                       signatures_may_be_required_and_keys_be_added, the_high_side_verifies_for_itself)])
    finally:
        workshop.close()
