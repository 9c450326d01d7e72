#!/usr/bin/env python3
"""What the site publishes itself: twine, npm and curl with a token; who may what; names that are never both the site's and an outsider's; nothing replaced
where nothing may be; a token that leaks nowhere; space that is really freed; a crash that leaves the old or the new."""
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import tempfile
import threading
import urllib.error
import urllib.request

from python_index import PythonIndex, metadata_of
from pypi_test import page, pip
from rig import Rig, check, free_port, main, run
from scene import POLL, Scene, npm
from scrub_test import stored_file

SITE = ["pypi:acme-*", "npm:@acme/*", "files:internal/*", "files:internal/releases/* immutable", "pypi:other-*"]


@contextlib.contextmanager
def running(low=(), more=(), **high):
    """A high side that publishes, with a token of each kind in `rig.tokens`. `more`: sections that stand several times."""
    settings = {"publish": {"namespaces": SITE}, "catalog": {"keep_editions_for": "1s", "gc_every": "0s"}, **high}
    with Rig(low_extra=low, high_extra=[*settings.items(), *more]) as rig:
        rig.start("high")
        rig.tokens = {"": "", "stranger": "sluice_" + "0" * 64,
                      "reader": token(rig, "reader", "--role", "reader"),
                      "publisher": token(rig, "publisher", "--role", "publisher", "--namespace", "pypi:acme-*", "--namespace", "npm:@acme/*", "--namespace",
                                         "files:internal/*", "--expires", "1d"),
                      "admin": token(rig, "admin", "--role", "admin")}
        yield rig


def token(rig, name, *arguments):
    made = rig.run("high", "token", "create", name, *arguments).stdout.strip()
    check(made.startswith("sluice_") and len(made) == 71, f"token create printed {made!r}")
    return made


def request(rig, method, path, body=None, who="publisher", headers=None, scheme="bearer"):
    """(status, headers, body) of a request with the token of `who`."""
    secret = rig.tokens[who]
    given = dict(headers or {})
    if secret:
        basic = base64.b64encode(f"__token__:{secret}".encode()).decode()
        given["Authorization"] = f"Bearer {secret}" if scheme == "bearer" else f"Basic {basic}"
    asked = urllib.request.Request(f"http://127.0.0.1:{rig.serve}{path}", data=body, method=method, headers=given)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def put(rig, path, body, **options):
    return request(rig, "PUT", path, body, headers={"Content-Type": "application/octet-stream"}, **options)[0]


def wheel(name, version, payload=b""):
    """A wheel in a folder of its own."""
    folder = pathlib.Path(tempfile.mkdtemp())
    index = PythonIndex(folder)
    index.add_wheel(name, version, payload=payload)
    return next(folder.rglob("*.whl"))


def source(name, version):
    folder = pathlib.Path(tempfile.mkdtemp())
    PythonIndex(folder).add_source(name, version)
    return next(folder.rglob("*.tar.gz"))


def twine(rig, *files, who="publisher", path="/pypi/legacy/", at=None, more=(), ok=True):
    return run("env", "-i", f"PATH={os.environ['PATH']}", f"HOME={rig.folder}", "/usr/bin/twine", "--no-color", "upload", "--disable-progress-bar",
               "--non-interactive", "--repository-url", f"http://127.0.0.1:{at or rig.serve}{path}", "-u", "__token__", "-p", rig.tokens[who], *more, *files, ok=ok)


def package(name, version, text="", **more):
    """A folder that npm can publish."""
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version, "description": "ours", "main": "index.js", **more}))
    (folder / "index.js").write_text(f"module.exports = {json.dumps(f'{name}@{version} {text}')};\n")
    return folder


def publish(rig, folder, *arguments, who="publisher", command=("publish",), ok=True):
    return npm(rig, folder, *command, f"--//127.0.0.1:{rig.serve}/npm/:_authToken={rig.tokens[who]}", *arguments, ok=ok)


def twine_publishes_and_pip_installs():
    with running() as rig:
        first, sdist = wheel("acme-tool", "1.0", payload=os.urandom(300_000)), source("acme-tool", "1.0")
        twine(rig, first, sdist)
        check([file["filename"] for file in page(rig, "acme-tool")] == [first.name, sdist.name], f"the page lists {page(rig, 'acme-tool')}")
        listed = page(rig, "acme-tool")[0]
        check(listed["hashes"]["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest(), "the index has another digest")
        code, _, metadata = rig.get(f"/pypi/packages/acme-tool/{first.name}.metadata")
        check(code == 200 and metadata == metadata_of(first.read_bytes()), "the metadata beside the wheel is not the one within")
        target = pathlib.Path(tempfile.mkdtemp(dir=rig.folder))
        pip(rig, "install", "--target", target, "acme-tool")
        check((target / "acme_tool.py").exists(), "pip did not install it")
        pip(rig, "download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", target, "acme-tool", ok=False)

        edition = rig.status("high")["catalog"]["edition"]
        twine(rig, first)  # the same again is no change
        check(rig.status("high")["catalog"]["edition"] == edition, "the same file again made an edition")
        other = wheel("acme-tool", "1.0", payload=b"other")
        refused = twine(rig, other, ok=False)
        check(refused.returncode != 0 and "409" in refused.stdout + refused.stderr, f"other bytes under the same name: {refused.stdout}{refused.stderr}")
        twine(rig, other, more=["--skip-existing"])
        check(page(rig, "acme-tool")[0] == listed, "a file's bytes were replaced")
        twine(rig, wheel("acme-tool", "1.1"), path="/repository/pypi-hosted/")
        pip(rig, "install", "--target", target, "--upgrade", "acme-tool")
        check("1.1" in (target / "acme_tool.py").read_text(), "pip did not find the new version")


def what_does_not_hold_is_refused_by_pypi():
    with running() as rig:
        good = wheel("acme-tool", "1.0").read_bytes()
        name = "acme_tool-1.0-py3-none-any.whl"

        def upload(content=good, filename=name, **fields):
            form = {":action": "file_upload", "protocol_version": "1", "name": "acme-tool", "version": "1.0", "filetype": "bdist_wheel",
                    "sha256_digest": hashlib.sha256(content).hexdigest(), **fields}
            body = b"".join(f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode() for key, value in form.items() if value is not None)
            body += f'--b\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\n\r\n'.encode() + content + b"\r\n--b--\r\n"
            return request(rig, "POST", "/pypi/legacy/", body, headers={"Content-Type": "multipart/form-data; boundary=b"})[0]
        for what, code in (({"sha256_digest": "0" * 64}, 400), ({"sha256_digest": None}, 400), ({"version": "2.0"}, 400), ({"filetype": "sdist"}, 400),
                           ({"content": b"no archive"}, 400), ({"filename": "acme_other-1.0-py3-none-any.whl"}, 400), ({"filename": "../" + name}, 400),
                           ({":action": "remove"}, 400), ({"name": "a b"}, 400), ({"name": "requests", "filename": "requests-1.0-py3-none-any.whl"}, 403),
                           ({"content": wheel("acme-evil", "1.0").read_bytes()}, 400), ({"md5_digest": "0" * 32}, 400), ({"blake2_256_digest": "0" * 64}, 400)):
            got = upload(**what)
            check(got == code, f"an upload with {str(what)[:80]} answered {got}, not {code}")
        check(page(rig, "acme-tool") == [], "something of it is visible")
        check(upload() == 200 and len(page(rig, "acme-tool")) == 1, "the good one was refused")
        check(not list((rig.folder / "high/state/staging").glob("*")), "uploads left staging files")


def npm_publishes_tags_and_installs():
    with running() as rig:
        publish(rig, package("@acme/lib", "1.0.0"))
        app = package("@acme/app", "1.0.0", dependencies={"@acme/lib": "^1.0.0"})
        publish(rig, app)
        project = pathlib.Path(tempfile.mkdtemp(dir=rig.folder))
        (project / "package.json").write_text(json.dumps({"name": "site", "version": "1.0.0", "dependencies": {"@acme/app": "^1.0.0"}}))
        npm(rig, project, "install")
        lock = json.loads((project / "package-lock.json").read_text())["packages"]
        check(set(lock) == {"", "node_modules/@acme/app", "node_modules/@acme/lib"}, f"npm installed {set(lock)}")
        loaded = run("node", "-e", "console.log(require('@acme/app'))", cwd=project).stdout
        check(loaded.startswith("@acme/app@1.0.0"), f"node loaded {loaded}")

        again = publish(rig, package("@acme/lib", "1.0.0", "other bytes"), ok=False)
        check(again.returncode != 0, "npm published over a version")
        document = {"name": "@acme/lib", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": "@acme/lib", "version": "1.0.0"}},
                    "_attachments": {"@acme/lib-1.0.0.tgz": {"data": base64.b64encode(tarball(package("@acme/lib", "1.0.0", "other"))).decode()}}}
        code, _, told = request(rig, "PUT", "/npm/@acme%2flib", json.dumps(document).encode())
        check(code == 409, f"other bytes for a version answered {code} {told}")
        document["_attachments"] = {"x.tgz": {"data": base64.b64encode(tarball(package("@acme/evil", "1.0.0"))).decode()}}
        check(request(rig, "PUT", "/npm/@acme%2flib", json.dumps(document).encode())[0] == 400, "a tarball of another package was taken")

        publish(rig, package("@acme/lib", "1.1.0-rc.1"), "--tag", "next")
        publish(rig, project, "@acme/lib@1.1.0-rc.1", "beta", command=("dist-tag", "add"))
        tags = json.loads(rig.get("/npm/-/package/@acme%2flib/dist-tags")[2])
        check(tags == {"latest": "1.0.0", "next": "1.1.0-rc.1", "beta": "1.1.0-rc.1"}, f"the tags are {tags}")
        publish(rig, project, "@acme/lib", "beta", command=("dist-tag", "rm"))
        publish(rig, project, "@acme/lib@1.0.0", "old", command=("deprecate",))
        packument = json.loads(rig.get("/npm/@acme%2flib")[2])
        check(packument["versions"]["1.0.0"].get("deprecated") == "old" and "beta" not in packument["dist-tags"], f"the packument says {packument}")
        who = publish(rig, project, command=("whoami",)).stdout.strip()
        check(who == "publisher", f"npm whoami says {who}")

        refused = publish(rig, project, "@acme/lib@1.1.0-rc.1", "--force", command=("unpublish",), ok=False)
        check(refused.returncode != 0, "a publisher could unpublish")
        publish(rig, project, "@acme/lib@1.1.0-rc.1", "--force", command=("unpublish",), who="admin")
        check(set(json.loads(rig.get("/npm/@acme%2flib")[2])["versions"]) == {"1.0.0"}, "an admin could not unpublish")


def tarball(folder):
    name = run("npm", "pack", "--silent", cwd=folder).stdout.strip().split("\n")[-1]
    return (folder / name).read_bytes()


def files_are_put_replaced_and_taken_away():
    with running() as rig:
        big = rig.folder / "big.bin"
        big.write_bytes(os.urandom(5_000_000))
        place = f"http://127.0.0.1:{rig.serve}/files/internal/a%20b/big.bin"
        run("curl", "-sSf", "--noproxy", "*", "-u", "anybody:" + rig.tokens["publisher"], "-T", big, place)
        code, headers, body = rig.get("/files/internal/a%20b/big.bin")
        check(code == 200 and body == big.read_bytes(), f"it answers {code} with {len(body)} bytes")
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        check(headers["repr-digest"] == f"sha-256=:{digest}:", f"{headers}")
        check(put(rig, "/files/internal/x", b"one") == 201 and put(rig, "/files/internal/x", b"two") == 200 and put(rig, "/files/internal/x", b"two") == 200,
              "put, replaced, the same again")
        check(request(rig, "PUT", "/files/internal/x", b"three", headers={"If-None-Match": "*"})[0] == 412, "If-None-Match: * was not heard")
        check(request(rig, "PUT", "/files/internal/x", b"three", headers={"Repr-Digest": f"sha-256=:{digest}:"})[0] == 400, "a wrong digest was taken")
        check(rig.get("/files/internal/x")[2] == b"two", "it was replaced all the same")
        check(put(rig, "/files/internal/releases/1", b"one") == 201 and put(rig, "/files/internal/releases/1", b"two") == 409
              and put(rig, "/files/internal/releases/1", b"one") == 200, "nothing is replaced where it is immutable")
        check(request(rig, "DELETE", "/files/internal/releases/1", who="admin")[0] == 409, "nothing is taken away where it is immutable")
        check(request(rig, "DELETE", "/files/internal/x")[0] == 403 and request(rig, "DELETE", "/files/internal/x", who="admin")[0] == 204
              and request(rig, "DELETE", "/files/internal/x", who="admin")[0] == 404, "an admin takes away, a publisher does not")
        check(rig.get("/files/internal/x")[0] == 404, "it is still there")
        check(put(rig, "/files/internal/..%2fx", b"x") == 400 and put(rig, "/files/internal/", b"x") in (400, 403), "a path upwards was taken")


def role_verb_and_namespace_decide():
    with running() as rig:
        other = wheel("other-tool", "1.0")
        ours = wheel("acme-tool", "1.0")
        foreign = wheel("requests", "1.0")

        def pypi(who, file):
            done = twine(rig, file, who=who, ok=False) if rig.tokens[who] else None
            if done is None:
                return request(rig, "POST", "/pypi/legacy/", b"", who=who)[0]
            text = done.stdout + done.stderr
            return 200 if done.returncode == 0 else next(code for code in (401, 403, 409, 400) if str(code) in text)
        # caller: read, ours, another's, outside the site, withdraw
        expected = {"": (200, 401, 401, 401, 401), "stranger": (200, 401, 401, 401, 401), "reader": (200, 403, 403, 403, 403),
                    "publisher": (200, 200, 403, 403, 403), "admin": (200, 200, 200, 403, 204)}
        for who, (read, own, another, outside, withdraw) in expected.items():
            check(put(rig, "/files/internal/kept", b"x", who="admin") in (200, 201), "an admin could not publish")
            got = (request(rig, "GET", "/files/internal/kept", who=who)[0], pypi(who, ours), pypi(who, other), pypi(who, foreign),
                   request(rig, "DELETE", "/files/internal/kept", who=who)[0])
            check(got == (read, own, another, outside, withdraw), f"{who or 'nobody'}: {got}")
            check(put(rig, "/files/internal/y", b"y", who=who) == {401: 401, 403: 403}.get(own, 201 if who == "publisher" else 200), f"{who}: put")
            check(put(rig, "/files/elsewhere/y", b"y", who=who) == outside, f"{who}: put outside")
            tag = request(rig, "PUT", "/npm/-/package/@acme%2fnone/dist-tags/x", b'"1.0.0"', who=who)[0]
            check(tag == {401: 401, 403: 403}.get(own, 404), f"{who}: tag {tag}")
        code, headers, _ = request(rig, "PUT", "/files/internal/x", b"x", who="")
        check(code == 401 and headers["WWW-Authenticate"].startswith("Basic "), "no challenge")
        check(request(rig, "PUT", "/files/internal/z", b"x", scheme="basic")[0] == 201, "Basic was not taken")
        check(rig.metric("high", 'sluice_access_refused_total{reason="forbidden"}') > 5, "refusals are not counted")
        rig.run("high", "token", "revoke", "publisher")
        check(put(rig, "/files/internal/z", b"z") == 401, "a revoked token counts")
        listed = json.loads(rig.run("high", "token", "list", "--json").stdout)["tokens"]
        check([entry["name"] for entry in listed] == ["admin", "reader"], f"token list says {listed}")


def reads_may_need_a_token():
    port = free_port()
    with running(more=[("[port]", {"listen": [f"127.0.0.1:{port}"], "registry": "npm"})], access={"reads_need_token": True}) as rig:
        check(put(rig, "/files/internal/x", b"x") == 201, "it was not published")
        for who, code in (("", 401), ("stranger", 401), ("reader", 200), ("publisher", 200), ("", 401)):
            got = request(rig, "GET", "/files/internal/x", who=who)[0]
            check(got == code, f"{who or 'nobody'} reads: {got}")
        check(request(rig, "GET", "/setup/", who="")[0] == 200, "/setup needs a token")
        check(rig.http(port, "/setup")[0] == 401 and rig.http(port, "/setup/")[0] == 401, "a package that is called setup is open on a port of npm's own")


def tokens_are_made_while_the_daemon_is_stopped():
    with running() as rig:
        rig.stop("high")
        rig.tokens["late"] = token(rig, "late", "--role", "admin")
        rig.run("high", "token", "revoke", "admin")
        rig.start("high")
        check(put(rig, "/files/internal/x", b"x", who="late") == 201 and put(rig, "/files/internal/x", b"x", who="admin") == 401,
              "what was done to the store is not in effect")


def nothing_from_outside_has_a_name_of_the_site():
    with Scene() as scene:
        (scene.drop / "evil.txt").write_bytes(b"evil")
        low = [("[files]", {"name": "theirs", "collection": "internal", "folder": scene.drop, "settle": "0s", "interval": POLL})]
        with running(low) as rig:
            check(put(rig, "/files/internal/ours.txt", b"ours") == 201, "it was not published")
            rig.start("low")
            rig.wait_until_crossed()
            check(rig.get("/files/internal/evil.txt")[0] == 404, "a file from outside is under a name of the site")
            check(rig.get("/files/internal/ours.txt")[2] == b"ours", "what is the site's is gone")
            rig.wait_for_event("high", "record.foreign")
            check("internal/evil.txt" in rig.log("high"), "it is not named")
            check(rig.metric("high", "sluice_foreign_records_total") >= 1, "it is not counted")


def a_token_leaks_nowhere():
    with running() as rig:
        twine(rig, wheel("acme-tool", "1.0"))
        publish(rig, package("@acme/lib", "1.0.0"))
        put(rig, "/files/elsewhere/x", b"x")  # refused, which is told
        put(rig, "/files/internal/x", b"x", scheme="basic")
        put(rig, "/files/internal/x", b"x", who="stranger")
        events = run("curl", "-sN", "--max-time", "2", f"http://127.0.0.1:{rig.high_status}/events", ok=False).stdout
        check("access.forbidden" in events and "token.created" in events, f"the events are {events}")
        pages = [rig.http(rig.high_status, path)[2].decode() for path in ("/status", "/metrics", "/gaps", "/wanted", "/")]
        rig.stop("high")
        places = {"the log": rig.log("high"), "the events": events, "the pages": "".join(pages)}
        places |= {str(path): path.read_bytes().decode("latin-1") for path in (rig.folder / "high").rglob("*") if path.is_file()}
        for who in ("reader", "publisher", "admin", "stranger"):
            secret = rig.tokens[who].removeprefix("sluice_")
            for form in (secret, bytes.fromhex(secret).decode("latin-1"), base64.b64encode(f"__token__:sluice_{secret}".encode()).decode()):
                for place, text in places.items():
                    check(form not in text, f"the token of {who} is in {place}")


def a_registry_has_a_port_of_its_own():
    ports = {registry: free_port() for registry in ("npm", "pypi", "apt", "hf", "conda", "files")}
    with running(more=[("[port]", {"listen": [f"127.0.0.1:{port}"], "registry": registry}) for registry, port in ports.items()]) as rig:
        root = f"http://127.0.0.1:{ports['npm']}/"
        login = f"--//127.0.0.1:{ports['npm']}/:_authToken={rig.tokens['publisher']}"
        npm(rig, package("@acme/lib", "1.0.0"), "publish", login, "--registry", root)
        app = package("app", "1.0.0", dependencies={"@acme/lib": "^1.0.0"})
        npm(rig, app, "install", "--registry", root)
        check("@acme/lib@1.0.0" in (app / "node_modules/@acme/lib/index.js").read_text(), "npm did not install from the port")
        check(root in (app / "package-lock.json").read_text(), "the tarball was not the port's")
        npm(rig, app, "ci", "--registry", root)
        check(rig.get("/npm/@acme%2flib")[0] == 200, "what was published there is not at the usual path")
        twine(rig, wheel("acme-tool", "1.0"), at=ports["pypi"], path="/legacy/")
        target = pathlib.Path(tempfile.mkdtemp(dir=rig.folder))
        pip(rig, "install", "--target", target, "--index-url", f"http://127.0.0.1:{ports['pypi']}/simple/", "acme-tool")
        check((target / "acme_tool.py").exists(), "pip did not install from the port")
        run("curl", "-fsS", "-T", app / "index.js", "-H", f"Authorization: Bearer {rig.tokens['publisher']}", f"http://127.0.0.1:{ports['files']}/internal/index.js")
        check(rig.http(ports["files"], "/internal/index.js")[2] == (app / "index.js").read_bytes(), "the file is not at the root of its port")
        check(rig.get("/files/internal/index.js")[0] == 200, "the file is not at the usual path")
        for registry, path in (("apt", "/debian/dists/stable/InRelease"), ("hf", "/api/models/org/none"), ("conda", "/main/noarch/repodata.json")):
            code, _, text = rig.http(ports[registry], path)
            check(code == 404 and b"nothing is served" not in text, f"{registry}: {path} answered {code} {text[:200]}")
        # What is missed there is asked for like anything else, and is forgotten once it is here.
        check(rig.http(ports["npm"], "/@acme%2flater")[0] == 404, "it is here")
        check("acme/later" in rig.run("high", "wanted").stdout, "a miss was not noted")
        npm(rig, package("@acme/later", "1.0.0"), "publish", login, "--registry", root)
        check("acme/later" not in rig.run("high", "wanted").stdout, "what is here is still wanted")


def garbage_is_freed_while_publishing_goes_on():
    with running() as rig:
        state = rig.folder / "high/state"
        stop, failures = threading.Event(), []

        def busy():
            number = 0
            while not stop.is_set():
                number += 1
                content = os.urandom(200_000)
                if put(rig, "/files/internal/busy", content) not in (200, 201) or request(rig, "GET", "/files/internal/busy")[2] != content:
                    failures.append(number)
        thread = threading.Thread(target=busy)
        versions = [os.urandom(3_000_000) for _ in range(5)]
        for version in versions:
            put(rig, "/files/internal/big", version)
        old = [stored_file(state, version) for version in versions[:-1]]
        check(all(file.exists() for file in old), "a version was not stored as a file")
        thread.start()
        for _ in range(3):
            rig.run("high", "gc", "--dry-run")
            rig.run("high", "gc")
        # Of those only: what is published meanwhile leaves bytes as fast as it is fast.
        rig.wait_until(lambda: (rig.run("high", "gc"), not any(file.exists() for file in old))[1], "old bytes are gone from the disk")
        stop.set()
        thread.join()
        check(not failures, f"publications or pulls failed meanwhile: {failures}")
        check(rig.get("/files/internal/big")[2] == versions[-1], "what is shown is gone")


def retention_takes_what_no_tag_needs():
    with running(**{"[retention]": {"names": "npm:@acme/*", "untagged_for": "0s", "keep_last": 1}}) as rig:
        for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"):
            publish(rig, package("@acme/lib", version, os.urandom(50_000).hex()))
        rig.run("high", "snapshot", "create", "before")
        publish(rig, package("@acme/kept", "1.0.0"))
        dry = json.loads(rig.run("high", "gc", "--dry-run", "--json").stdout)
        check(dry["retired"] == 2, f"the dry run says {dry}")
        check("let go of 2 parts" in rig.run("high", "gc").stdout, "gc does not say what went")
        versions = set(json.loads(rig.get("/npm/@acme%2flib")[2])["versions"])
        check(len(versions) == 2 and "1.3.0" in versions, f"there are {versions}")
        check(set(json.loads(rig.get("/snapshot/before/npm/@acme%2flib")[2])["versions"]) == {"1.0.0", "1.1.0", "1.2.0", "1.3.0"}, "the snapshot lost some")
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            check(rig.get(f"/snapshot/before/npm/@acme%2flib/-/lib-{version}.tgz")[0] == 200, f"{version} is gone from the snapshot")
        rig.run("high", "snapshot", "delete", "before")
        used = rig.status("high")["store"]["bytes"]
        rig.wait_until(lambda: (rig.run("high", "gc"), rig.status("high")["store"]["bytes"] < used - 80_000)[1], "space is freed")
        told = rig.run("high", "withdraw", "npm", "@acme/kept").stdout
        check("withdrawn" in told and rig.get("/npm/@acme%2fkept")[0] == 404, f"withdraw says {told}")
        check(rig.run("high", "withdraw", "npm", "left-pad", ok=False).returncode != 0, "withdraw took what is not the site's")


def a_crash_leaves_the_old_or_the_new():
    with running() as rig:
        told = {}
        for turn in range(6):
            running_threads, begun = [], threading.Event()

            def busy(lane, turn=turn, begun=begun):
                for number in range(1000):
                    content = f"{turn} {number} ".encode() * 10_000
                    try:
                        code = put(rig, f"/files/internal/lane-{lane}", content)
                    except OSError:
                        told.setdefault(lane, []).append((content, False))
                        return
                    told.setdefault(lane, []).append((content, code in (200, 201)))
                    begun.set()
            for lane in range(3):
                thread = threading.Thread(target=busy, args=(lane,))
                thread.start()
                running_threads.append(thread)
            check(begun.wait(60), "nothing was published")
            rig.stop("high", signal.SIGKILL)
            for thread in running_threads:
                thread.join()
            rig.start("high")
            for lane, history in told.items():
                last = max((at for at, (_, done) in enumerate(history) if done), default=None)
                code, _, shown = rig.get(f"/files/internal/lane-{lane}")
                check(last is None and code == 404 or shown in [content for content, _ in history[last or 0:]],
                      f"lane {lane} shows {code} {shown[:20]}, of {len(history)} publications number {last} was the last that was told to be done")
        check(rig.status("high")["gaps"] == 0, "there are gaps")


if __name__ == "__main__":
    main([twine_publishes_and_pip_installs, what_does_not_hold_is_refused_by_pypi, npm_publishes_tags_and_installs, files_are_put_replaced_and_taken_away,
          role_verb_and_namespace_decide, reads_may_need_a_token, tokens_are_made_while_the_daemon_is_stopped, nothing_from_outside_has_a_name_of_the_site,
          a_token_leaks_nowhere, a_registry_has_a_port_of_its_own, garbage_is_freed_while_publishing_goes_on, retention_takes_what_no_tag_needs,
          a_crash_leaves_the_old_or_the_new])
