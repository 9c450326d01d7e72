"""Reads by HTTP whatever the high side lists: each document, and each file that a document names."""
import gzip
import hashlib
import http.client
import json
import re
import urllib.parse

import paths  # noqa: F401
from rig import check

HOST = "mirror.example"  # the same for all, since packuments hold addresses
KEPT_HEADERS = ("content-type", "etag", "last-modified", "repr-digest", "content-length")


class Missing(Exception):
    """Something that is listed answered other than 200."""

    def __init__(self, path, status, body):
        super().__init__(f"{path} is listed, and answered {status}: {body[:200]!r}")
        self.status = status


class Reader:
    """One connection that is kept. Errors of the connection are http.client's and OSError."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path, accept="*/*"):
        try:
            self._connection.request("GET", path, headers={"Host": HOST, "Accept": accept})
            answer = self._connection.getresponse()
            body = answer.read()  # IncompleteRead if it is shorter than announced
        except BaseException:
            self._connection.close()
            raise
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def must(self, path, **options):
        status, headers, body = self.get(path, **options)
        if status != 200:
            raise Missing(path, status, body)
        return headers, body


def npm(get, each):
    _, found = get("/npm/-/v1/search?text=&size=250")
    for result in json.loads(found)["objects"]:
        name = result["package"]["name"]
        headers, body = get("/npm/" + name)
        packument = json.loads(body)
        each("packument", name, headers, body)
        for version in packument["versions"].values():
            place = urllib.parse.urlsplit(version["dist"]["tarball"])
            headers, body = get(place.path)
            each("tarball", (name, version["version"], version["dist"]["integrity"]), headers, body)


def files(get, each, folder="/files/"):
    _, body = get(folder, accept="application/json")
    for entry in json.loads(body)["entries"]:
        path = folder + urllib.parse.quote(entry["name"])
        if entry["type"] == "folder":
            files(get, each, path)
        else:
            headers, content = get(path)
            each("file", (path.removeprefix("/files/"), entry["sha256"]), headers, content)


def stanzas(text):
    for paragraph in text.decode().strip().split("\n\n"):
        yield dict(line.split(": ", 1) for line in paragraph.split("\n") if ": " in line)


def apt(get, each, archive="/apt/debian"):
    """Nothing if no suite is listed yet."""
    _, suites = get(archive + "/dists/")
    if b"stable" not in suites:
        return
    suite = archive + "/dists/stable"
    index = "main/binary-amd64/Packages.gz"  # the plain one does not cross where there is another
    release = None
    while True:  # both of one edition: it may change between the two requests
        headers, again = get(suite + "/InRelease")
        if again == release:
            break
        release = again
        _, packages = get(f"{suite}/{index}")
    listed = {file: digest for digest, file in re.findall(r"^ ([0-9a-f]{64}) +\d+ (\S+)$", release.decode(), re.MULTILINE)}
    each("release", suite, headers, release)
    each("packages", listed[index], {}, packages)
    for package in stanzas(gzip.decompress(packages)):
        headers, body = get(f"{archive}/{package['Filename']}")
        each("deb", (package["Filename"], package["SHA256"]), headers, body)


def walk(get, each, with_apt):
    """Calls each(kind, name, headers, body) for everything that is listed. `get` raises Missing where it cannot be had."""
    npm(get, each)
    files(get, each)
    if with_apt:
        apt(get, each)


def snapshot(port, with_apt):
    """{(kind, name): headers and digest of the body}."""
    reader, found = Reader(port), {}

    def each(kind, name, headers, body):
        found[kind, name] = {header: headers.get(header) for header in KEPT_HEADERS} | {"sha256": hashlib.sha256(body).hexdigest()}

    walk(reader.must, each, with_apt)
    return found


def compare(expected, found):
    wrong = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
    check(not wrong, f"{len(wrong)} of {len(expected)} differ from the undisturbed run, such as " +
          "; ".join(f"{key}: {found.get(key)} instead of {expected.get(key)}" for key in wrong[:3]))
