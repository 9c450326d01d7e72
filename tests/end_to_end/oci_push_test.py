#!/usr/bin/env python3
"""Images pushed inside by the clients as they are: skopeo, buildah and podman log in, push, pull and delete; an artifact of any type is pushed as oras does
it; who may not is refused; a named edition keeps a tag that moves; what was pushed survives SIGKILL, and what was not finished leaves nothing."""
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import urllib.error
import urllib.parse
import urllib.request

from oci_registry import small_sif
from rig import Rig, check, main, run

NAMESPACES = ["oci:acme/*", "oci:fixed/* immutable"]
SIF_CONFIG, SIF_LAYER = "application/vnd.sylabs.sif.config.v1+json", "application/vnd.sylabs.sif.layer.v1.sif"
IMAGE = "application/vnd.oci.image.manifest.v1+json"


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Site:
    """A high side alone: nothing crosses here."""

    def __init__(self, rig):
        self.rig = rig
        self.host = f"127.0.0.1:{rig.serve}"
        self.tokens = {role: self._token(role) for role in ("reader", "publisher", "admin")}

    def _token(self, role):
        pattern = ["--namespace", "oci:acme/*", "--namespace", "oci:fixed/*"] if role == "publisher" else []
        return self.rig.run("high", "token", "create", role, "--role", role, *pattern).stdout.strip()

    def environment(self, role):
        """Where a client keeps what it is logged in with; nobody's is empty."""
        return {**os.environ, "REGISTRY_AUTH_FILE": str(self.rig.folder / f"{role}.json"), "XDG_RUNTIME_DIR": str(self.rig.folder)}

    def log_in(self, client, role, secret, ok=True):
        return run(client, "login", "--tls-verify=false", "--username", "me", "--password-stdin", self.host, ok=ok, input=secret, env=self.environment(role))

    def skopeo(self, role, *arguments, ok=True):
        return run("skopeo", *arguments, ok=ok, env=self.environment(role))

    def push(self, role, source, name, ok=True):
        return self.skopeo(role, "copy", "--dest-tls-verify=false", f"oci:{source}", f"docker://{self.host}/{name}", ok=ok)

    def pull(self, role, name, to):
        self.skopeo(role, "copy", "--src-tls-verify=false", f"docker://{self.host}/{name}", f"oci:{to}:x")
        return pulled_digest(to)

    def tags(self, name):
        return json.loads(self.skopeo("nobody", "list-tags", "--tls-verify=false", f"docker://{self.host}/{name}").stdout)["Tags"]

    def ask(self, method, path, body=None, token=None, headers=None):
        """(status, headers, body)."""
        request = urllib.request.Request(f"http://{self.host}{path}", data=body, method=method, headers=headers or {})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()


def pulled_digest(layout):
    return json.loads((pathlib.Path(layout) / "index.json").read_text())["manifests"][0]["digest"]


def make_image(folder, name, content):
    """An image of one layer, as an OCI layout; the digest of its manifest."""
    tree = folder / f"tree-{name}"
    tree.mkdir()
    (tree / "data").write_bytes(content)
    layout = folder / name
    run("umoci", "init", "--layout", layout)
    run("umoci", "new", "--image", f"{layout}:x")
    run("umoci", "insert", "--image", f"{layout}:x", tree, "/srv")
    return pulled_digest(layout)


def blobs_of(layout):
    return {path.name: path.read_bytes() for path in (pathlib.Path(layout) / "blobs/sha256").iterdir()}


def clients_log_in(site):
    for client in ("skopeo", "buildah", "podman"):
        check(site.log_in(client, f"wrong-{client}", "guess", ok=False).returncode != 0, f"{client} logs in with what is no token")
        site.log_in(client, "publisher", site.tokens["publisher"])
    site.log_in("skopeo", "reader", site.tokens["reader"])
    site.log_in("skopeo", "admin", site.tokens["admin"])


def skopeo_pushes_and_pulls(site, first, second):
    folder = site.rig.folder
    site.push("publisher", folder / "first:x", "acme/app:1.0")
    check(site.pull("nobody", "acme/app:1.0", folder / "back") == first, "what is pulled has another digest")
    kept, pulled = blobs_of(folder / "first"), blobs_of(folder / "back")
    check(pulled and all(kept.get(name) == content for name, content in pulled.items()), "what is pulled has other bytes")
    site.rig.run("high", "snapshot", "create", "before")
    site.push("publisher", folder / "second:x", "acme/app:1.0")
    check(site.pull("nobody", "acme/app:1.0", folder / "moved") == second, "the tag did not move")
    check(site.pull("nobody", "snapshot/before/acme/app:1.0", folder / "then") == first, "the named edition shows another image")
    check(site.pull("nobody", f"acme/app@{first}", folder / "pinned") == first, "what the tag named before is gone")
    copied = site.skopeo("publisher", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", f"docker://{site.host}/acme/app:1.0", f"docker://{site.host}/acme/copy:1.0")
    check(site.tags("acme/copy") == ["1.0"], f"a copy between repositories: {copied.stderr}")


def builders_push(site, first):
    """buildah and podman with a store of their own; run where they can, since both want mounts."""
    folder = site.rig.folder
    for client in ("buildah", "podman"):
        store = ["--storage-driver", "vfs", "--root", folder / f"{client}-store", "--runroot", folder / f"{client}-run"]
        environment = site.environment("publisher")
        run(client, *store, "pull", "--tls-verify=false", f"{site.host}/acme/app@{first}", env=environment)
        image = run(client, *store, "images", "-q", "--no-trunc", env=environment).stdout.split()[0].removeprefix("sha256:")
        run(client, *store, "push", "--tls-verify=false", image, f"docker://{site.host}/acme/{client}:1.0", env=environment)
        check(site.tags(f"acme/{client}") == ["1.0"], f"{client} pushed nothing")


def who_may_not_is_refused(site):
    folder = site.rig.folder
    for role, name in (("nobody", "acme/x:1"), ("reader", "acme/x:1"), ("publisher", "docker.io/library/x:1"), ("publisher", "other/x:1"), ("admin", "other/x:1")):
        refused = site.push(role, folder / "first:x", name, ok=False)
        check(refused.returncode != 0 and any(word in refused.stderr for word in ("unauthorized", "denied")), f"{role} pushes {name}: {refused.stderr}")
    check(site.skopeo("publisher", "delete", "--tls-verify=false", f"docker://{site.host}/acme/copy:1.0", ok=False).returncode != 0, "a publisher deletes")
    for role, secret in site.tokens.items():
        check(secret not in site.rig.log("high"), f"the {role}'s token is in the log")


def immutable_tags_stay(site, first):
    folder = site.rig.folder
    site.push("publisher", folder / "first:x", "fixed/app:1.0")
    site.push("publisher", folder / "first:x", "fixed/app:1.0")
    refused = site.push("publisher", folder / "second:x", "fixed/app:1.0", ok=False)
    check(refused.returncode != 0 and "immutable" in refused.stderr, f"an immutable tag moved: {refused.stderr}")
    check(site.pull("nobody", "fixed/app:1.0", folder / "fixed") == first, "the immutable tag is another's")
    check(site.skopeo("admin", "delete", "--tls-verify=false", f"docker://{site.host}/fixed/app:1.0", ok=False).returncode != 0, "an immutable tag is deleted")


def artifacts_of_any_type(site):
    """As oras and apptainer push a SIF: an empty configuration and one layer of its own type; then a signature that refers to it."""
    token, sif, config = site.tokens["publisher"], small_sif(os.urandom(300_000)), b"{}"

    def push_blob(content):
        status, headers, _ = site.ask("POST", "/v2/acme/sif/blobs/uploads/", b"", token)
        check(status == 202, f"an upload begins with {status}")
        location = headers["Location"] + "?digest=" + urllib.parse.quote(digest(content))
        status, _, body = site.ask("PUT", location, content, token, {"Content-Type": "application/octet-stream"})
        check(status == 201, f"a blob is answered with {status}: {body}")

    def descriptor(content, kind):
        return {"mediaType": kind, "digest": digest(content), "size": len(content)}

    def put(reference, manifest):
        return site.ask("PUT", f"/v2/acme/sif/manifests/{reference}", manifest, token, {"Content-Type": IMAGE})
    push_blob(sif)
    push_blob(config)
    manifest = json.dumps({"schemaVersion": 2, "config": descriptor(config, SIF_CONFIG), "layers": [descriptor(sif, SIF_LAYER)]}).encode()
    check(put("1.0", manifest)[0] == 201, "the artifact is not taken")
    check(site.ask("GET", "/sif/acme/sif/1.0.sif")[2] == sif, "its file is another")
    # The same name never changes its bytes, and what is no SIF image is not taken as one.
    for content, tag, cause in ((small_sif(b"other"), "1.0", "keeps its name"), (os.urandom(3000), "2.0", "no sound SIF image")):
        push_blob(content)
        status, _, body = put(tag, json.dumps({"schemaVersion": 2, "config": descriptor(config, SIF_CONFIG), "layers": [descriptor(content, SIF_LAYER)]}).encode())
        check(status in (400, 409) and cause in body.decode(), f"{tag} is answered with {status}: {body}")
    status, headers, pulled = site.ask("GET", f"/v2/acme/sif/blobs/{digest(sif)}")
    check(status == 200 and pulled == sif and headers["Docker-Content-Digest"] == digest(sif), "the artifact's bytes are others")
    signature = json.dumps({"schemaVersion": 2, "artifactType": "application/x.signature", "config": descriptor(config, SIF_CONFIG),
                            "layers": [], "subject": descriptor(manifest, IMAGE)}).encode()
    status, headers, _ = put(digest(signature), signature)
    check(status == 201 and headers["OCI-Subject"] == digest(manifest), "the signature is not taken")
    _, headers, body = site.ask("GET", f"/v2/acme/sif/referrers/{digest(manifest)}?artifactType=application/x.signature")
    check([one["digest"] for one in json.loads(body)["manifests"]] == [digest(signature)] and headers["OCI-Filters-Applied"] == "artifactType", "its list of referrers")


def a_crash_keeps_what_was_told(site, first):
    """Killed with an upload half done: what was answered is there, and the staging folder is empty."""
    rig, token = site.rig, site.tokens["publisher"]
    _, headers, _ = site.ask("POST", "/v2/acme/app/blobs/uploads/", b"", token)
    location = headers["Location"]
    check(site.ask("PATCH", location, os.urandom(1_000_000), token)[0] == 202, "a chunk is not taken")
    rig.stop("high", signal.SIGKILL)
    rig.start("high")
    check(site.ask("GET", location, token=token)[0] == 404, "the upload outlived the program")
    check(site.pull("nobody", f"acme/app@{first}", rig.folder / "after") == first, "what was pushed is gone")
    staged = [path for path in (rig.folder / "high/state").rglob("*") if path.is_file() and path.parent.name == "staging"]
    check(not staged, f"left of the upload: {staged}")


def deletion_takes_away(site, first):
    site.skopeo("admin", "delete", "--tls-verify=false", f"docker://{site.host}/acme/copy:1.0")
    check(site.ask("GET", "/v2/acme/copy/manifests/1.0")[0] == 404, "a deleted image is served")
    check(site.ask("HEAD", f"/v2/acme/app/manifests/{first}")[0] == 200, "another repository lost its image")


@contextlib.contextmanager
def running():
    with Rig(high_extra=[("publish", {"namespaces": NAMESPACES})]) as rig:
        rig.start("high")
        yield Site(rig)


def clients_push_and_pull_as_they_are():
    with running() as site:
        first, second = (make_image(site.rig.folder, name, os.urandom(2_000_000)) for name in ("first", "second"))
        clients_log_in(site)
        skopeo_pushes_and_pulls(site, first, second)
        builders_push(site, first)
        who_may_not_is_refused(site)
        immutable_tags_stay(site, first)
        artifacts_of_any_type(site)
        a_crash_keeps_what_was_told(site, first)
        deletion_takes_away(site, first)


if __name__ == "__main__":
    main([clients_push_and_pull_as_they_are])
