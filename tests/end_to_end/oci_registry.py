#!/usr/bin/env python3
"""Registries of images on loopback: Debian's docker-registry, filled over its own API, and a small one of our own that knows referrers, asks for tokens and misbehaves.

As a program: oci_registry.py PORT FOLDER serves FOLDER (made by `Store`) as the registry of our own. It answers GET /log with what it was asked, and asks for a token
whose server it is itself; FOLDER/behaviour.json says what it does besides:
  credentials   "user:password" without which nobody gets a token
  busy          so many GETs of manifests are answered 429 with Retry-After: 1 first
  cut           {digest: bytes}: the first GET of that blob ends after so many bytes
  elsewhere     blobs are at this port, to which a redirect leads
"""
import base64
import gzip
import hashlib
import http.server
import io
import json
import pathlib
import struct
import subprocess
import sys
import tarfile
import threading
import urllib.parse
import urllib.request

MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST, DOCKER_LIST = "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG, LAYER = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_CONFIG, DOCKER_LAYER = "application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip"
TOKEN = "a-token-of-the-test"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files):
    """{path: bytes} as a layer: (what crosses, the digest of its tar)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(content), 1_700_000_000, 0o755
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0), digest_of(raw.getvalue())


def descriptor(kind, data, **more):
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data), **more}


class Image:
    """A manifest with all that it needs: `blobs` and `manifests` by digest, `manifests` with their types, children first."""

    def __init__(self, document, kind, blobs=(), children=()):
        self.data, self.kind = json.dumps(document, indent=3).encode(), kind  # no client writes it so: bytes must stay
        self.digest = digest_of(self.data)
        self.blobs = {digest_of(blob): blob for blob in blobs}
        self.manifests = {}
        for child in children:
            self.blobs.update(child.blobs)
            self.manifests.update(child.manifests)
        self.manifests[self.digest] = (kind, self.data)

    def describe(self, **more):
        return descriptor(self.kind, self.data, **more)


def image(layers, architecture="amd64", docker=False):
    """`layers`: of layer()."""
    config = json.dumps({"architecture": architecture, "os": "linux", "created": "2024-01-01T00:00:00Z", "config": {"Cmd": ["/bin/true"]},
                         "rootfs": {"type": "layers", "diff_ids": [diff for _, diff in layers]}, "history": [{"created": "2024-01-01T00:00:00Z"} for _ in layers]}).encode()
    kind, config_kind, layer_kind = (DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER) if docker else (MANIFEST, CONFIG, LAYER)
    return Image({"schemaVersion": 2, "mediaType": kind, "config": descriptor(config_kind, config), "layers": [descriptor(layer_kind, data) for data, _ in layers]},
                 kind, [config, *(data for data, _ in layers)])


def index(children, docker=False):
    """{architecture: image}"""
    kind = DOCKER_LIST if docker else INDEX
    return Image({"schemaVersion": 2, "mediaType": kind,
                  "manifests": [child.describe(platform={"os": "linux", "architecture": name}) for name, child in children.items()]}, kind, children=children.values())


def artifact(payload, subject=None, kind="application/vnd.example.signature", **annotations):
    """What is attached to an image: a signature or an SBOM."""
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(kind, b"{}"), "layers": [descriptor("application/octet-stream", payload)]}
    if subject is not None:
        document.update(subject=subject.describe(), annotations=annotations)
    return Image(document, MANIFEST, [b"{}", payload])


def small_sif(content):
    """A SIF image with one object, of no type that runs."""
    data = 128 + 585
    header = b"#!/usr/bin/env run-singularity\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + b"01\0" + b"02\0" + bytes(16) + struct.pack("<8q", 1, 1, 0, 1, 128, 585, data, len(content))
    return header + struct.pack("<iBIII7q", 0x4007, 1, 1, 0xf0000001, 0, data, len(content), len(content), 1, 1, 0, 0).ljust(585, b"\0") + content


class DockerRegistry:
    """Debian's docker-registry over a folder. `certificate`: (certificate, key) or none: plain. `logs`: whether it writes down what it was asked."""

    def __init__(self, folder, port, prefix=(), certificate=None, logs=True):
        self.port, self._prefix = port, list(prefix)
        folder.mkdir(parents=True, exist_ok=True)
        tls = f", tls: {{certificate: '{certificate[0]}', key: '{certificate[1]}'}}" if certificate else ""
        log = "{level: info}" if logs else "{level: error, accesslog: {disabled: true}}"
        (folder / "config.yml").write_text(f"version: 0.1\nlog: {log}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}\n"
                                           f"http: {{addr: '127.0.0.1:{port}'{tls}}}\n")
        self._log = open(folder / "log", "wb")
        self._process = subprocess.Popen([*self._prefix, "docker-registry", "serve", str(folder / "config.yml")], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self.log_path = folder / "log"

    def push(self, repository, one, tags=()):
        """By its own API, from the side that it is on."""
        program = ("import sys, json, base64, urllib.request\n"
                   "for method, url, kind, data in json.load(sys.stdin):\n"
                   "    r = urllib.request.Request(url, base64.b64decode(data), method=method, headers={'Content-Type': kind})\n"
                   "    a = urllib.request.urlopen(r)\n"
                   "    if a.headers.get('Location') and method == 'POST':\n"
                   "        where = a.headers['Location']\n"
                   "        where += ('&' if '?' in where else '?') + 'digest=' + kind\n"
                   "        urllib.request.urlopen(urllib.request.Request(where, base64.b64decode(data), method='PUT', headers={'Content-Type': 'application/octet-stream'}))\n")
        root = f"http://127.0.0.1:{self.port}/v2/{repository}"
        steps = []
        for digest, blob in one.blobs.items():
            # An upload in two steps: the first without its bytes would be refused by nobody, so that both carry them.
            steps.append(("POST", f"{root}/blobs/uploads/", digest, base64.b64encode(blob).decode()))
        for digest, (kind, data) in one.manifests.items():
            steps.append(("PUT", f"{root}/manifests/{digest}", kind, base64.b64encode(data).decode()))
        for tag in tags:
            steps.append(("PUT", f"{root}/manifests/{tag}", one.kind, base64.b64encode(one.data).decode()))
        done = subprocess.run([*self._prefix, sys.executable, "-c", program], input=json.dumps(steps), capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"docker-registry took no {repository}: {done.stderr[-2000:]}")

    def asked(self, part):
        """How many requests it answered whose line has this."""
        return sum(part in line for line in self.log_path.read_text(errors="replace").splitlines() if "HTTP/1.1\"" in line)

    def close(self):
        self._process.kill()
        self._process.wait()
        self._log.close()


class Store:
    """What the registry of our own serves."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.tags = {}
        for name in ("blobs", "manifests"):
            (self.folder / name).mkdir(parents=True)
        self.behave()

    def put(self, one, tags=()):
        for digest, blob in one.blobs.items():
            (self.folder / "blobs" / digest).write_bytes(blob)
        for digest, (kind, data) in one.manifests.items():
            (self.folder / "manifests" / digest).write_bytes(kind.encode() + b"\n" + data)
        self.tags.update({tag: one.digest for tag in tags})
        (self.folder / "tags.json").write_text(json.dumps(self.tags))

    def behave(self, **behaviour):
        (self.folder / "behaviour.json").write_text(json.dumps(behaviour))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder, port = None, 0
    lock, log, cut_once, busy = threading.Lock(), [], set(), [0]

    def log_message(self, *_):
        pass

    def answer(self, status, data=b"", kind="application/json", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        behaviour = json.loads((self.folder / "behaviour.json").read_text())
        path, _, query = self.path.partition("?")
        if path == "/log":
            return self.answer(200, json.dumps(self.log).encode())
        with self.lock:
            self.log.append({"method": self.command, "path": self.path, "range": self.headers.get("Range"), "authorization": self.headers.get("Authorization")})
        if path == "/token":
            return self.give_token(behaviour, urllib.parse.parse_qs(query))
        if self.headers.get("Authorization") != "Bearer " + TOKEN and not behaviour.get("open"):
            return self.answer(401, b"{}", WWW_Authenticate=f'Bearer realm="http://127.0.0.1:{self.port}/token",service="ours"')
        if path == "/v2/":
            return self.answer(200, b"{}")
        kind, last = path.rsplit("/", 2)[1:]
        return getattr(self, f"get_{kind}", self.absent)(behaviour, last, query)

    def give_token(self, behaviour, query):
        wanted = behaviour.get("credentials")
        if wanted and self.headers.get("Authorization") != "Basic " + base64.b64encode(wanted.encode()).decode():
            return self.answer(401, b"{}")
        if query.get("service") != ["ours"] or not query["scope"][0].endswith(":pull"):
            return self.answer(400, b"{}")
        return self.answer(200, json.dumps({"token": TOKEN, "expires_in": 60}).encode())

    def absent(self, *_):
        return self.answer(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}')

    def tags(self):
        return json.loads((self.folder / "tags.json").read_text())

    def get_tags(self, _behaviour, _last, query):
        names, start = sorted(self.tags()), urllib.parse.parse_qs(query).get("last", [""])[0]
        page = [name for name in names if name > start][:2]  # whatever n is
        more = {"Link": f'<{self.path.partition("?")[0]}?n=2&last={page[-1]}>; rel="next"'} if page and page[-1] != names[-1] else {}
        return self.answer(200, json.dumps({"name": "x", "tags": page}).encode(), **more)

    def get_manifests(self, behaviour, last, _query):
        file = self.folder / "manifests" / self.tags().get(last, last)
        if not file.exists():
            return self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        with self.lock:
            self.busy[0] += self.command == "GET"
            is_busy = self.command == "GET" and self.busy[0] <= behaviour.get("busy", 0)
        if is_busy:
            return self.answer(429, b"{}", Retry_After="1")
        kind, _, data = file.read_bytes().partition(b"\n")
        return self.answer(200, data, kind.decode(), Docker_Content_Digest=file.name)

    def get_blobs(self, behaviour, last, _query):
        file = self.folder / "blobs" / last
        if not file.exists():
            return self.answer(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        if behaviour.get("elsewhere"):
            return self.answer(307, Location=f"http://127.0.0.1:{behaviour['elsewhere']}/v2/x/blobs/{last}")
        size, first = file.stat().st_size, int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        end = size
        with self.lock:
            if last in behaviour.get("cut", {}) and last not in self.cut_once:
                self.cut_once.add(last)
                end = behaviour["cut"][last]
        self.send_response(206 if first else 200)
        for name, value in {"Content-Type": "application/octet-stream", "Content-Length": size - first, "ETag": f'"{last}"'}.items():
            self.send_header(name, str(value))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
        self.end_headers()
        self.close_connection = end < size
        with open(file, "rb") as blob:
            blob.seek(first)
            while blob.tell() < end:
                self.wfile.write(blob.read(min(1 << 20, end - blob.tell())))
        return None

    def get_referrers(self, _behaviour, last, _query):
        found = []
        for file in sorted((self.folder / "manifests").iterdir()):
            kind, _, data = file.read_bytes().partition(b"\n")
            document = json.loads(data)
            if document.get("subject", {}).get("digest") == last:
                found.append(descriptor(kind.decode(), data, artifactType=document["config"]["mediaType"], annotations=document["annotations"]))
        return self.answer(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode(), INDEX)


if __name__ == "__main__":
    Handler.port, Handler.folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    http.server.ThreadingHTTPServer(("127.0.0.1", Handler.port), Handler).serve_forever()
