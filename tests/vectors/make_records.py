"""Vectors of records, checked against the blobs that are held. An apt record's signatures are checked by the mirror's own tests."""
import base64
import hashlib
import json

from build import Piece, counting, data, message, number, text
from make_oci_records import oci
from record_vector import CONTENT, OTHER, digest, refused, sri, vector


# --- file


def file_body(sha256=digest(CONTENT), size=len(CONTENT), modified=1_700_000_000_000_000, media_type="text/plain"):
    return [*data(1, sha256, "sha256"), *number(2, size, "size"), *number(3, modified, "modified_micros"), *text(4, media_type, "media_type")]


def files():
    document = "drop/hello.txt"
    fields = {"sha256": digest(CONTENT).hex(), "size": len(CONTENT), "modified_micros": 1_700_000_000_000_000, "media_type": "text/plain"}
    yield vector("one", "file", document, file_body(), fields=fields)
    yield vector("of-no-known-type", "file", document, file_body(media_type=""), fields={k: v for k, v in fields.items() if k != "media_type"})
    yield vector("of-an-odd-type", "file", document, file_body(media_type="x-a.b+c/!#$%&'*+-.^_`|~9"), fields=fields | {"media_type": "x-a.b+c/!#$%&'*+-.^_`|~9"})
    yield vector("empty", "file", document, file_body(digest(b""), 0), blobs=(b"",), held=(b"",),
                 fields={"sha256": digest(b"").hex(), "modified_micros": 1_700_000_000_000_000, "media_type": "text/plain"})
    longest = "drop/" + "/".join(["p" * 255] * 7) + "/" + "é" * 125 + "p"
    assert len(longest.encode()) == 2048
    yield vector("of-the-longest-name", "file", longest, file_body(), fields=fields)
    for name, wrong in (("of-2049-bytes", longest + "p"), ("without-collection", "hello.txt"), ("with-an-empty-part", "drop//hello"), ("that-goes-up", "drop/../x"),
                        ("of-a-dot", "drop/./x"), ("with-a-backslash", "drop/a\\b"), ("with-a-long-part", "drop/" + "p" * 256), ("that-ends-in-a-slash", "drop/")):
        yield refused(f"name-{name}", "document", "invalid", wrong, "", "file", wrong, file_body())
    for name, wrong in (("line-feed", "drop/a\nb"), ("delete", "drop/a\x7fb"), ("next-line", "drop/a\x85b")):
        yield refused(f"name-with-{name}", "document", "invalid", f"a name of the bytes {wrong.encode().hex()}", "control characters", "file", wrong, file_body())
    thing = f"file {document}"
    yield refused("unreadable", "body", "invalid", thing, "its record cannot be read", "file", document, [Piece(counting(0xF8, 5), "no fields")])
    for name, wrong in (("without-slash", "text"), ("with-two", "text/plain/x"), ("with-parameter", "text/plain; a=b"), ("empty-half", "text/"), ("other-empty-half", "/plain")):
        yield refused(f"type-{name}", "media-type", "invalid", thing, "its media type is none", "file", document, file_body(media_type=wrong))
    cause = "it does not name exactly the blob that it shows"
    for size in (31, 33):
        yield refused(f"digest-of-{size}-bytes", "blobs", "invalid", thing, cause, "file", document, file_body(counting(1, size)))
    for name, blobs in (("no-blob", ()), ("another-blob", (OTHER,)), ("two-blobs", (CONTENT, OTHER))):
        yield refused(f"names-{name}", "blobs", "invalid", thing, cause, "file", document, file_body(), blobs=blobs)
    yield refused("not-held", "held", "integrity", thing, "its blob is not held", "file", document, file_body(), held=())
    yield refused("of-another-size", "held", "integrity", thing, "its record says 22 bytes, its blob has 23", "file", document, file_body(size=22))


# --- npm


def npm_manifest(name="left", version="1.0.0", dist=None):
    dist = {"tarball": "https://example.org/left-1.0.0.tgz", "integrity": sri(CONTENT)} if dist is None else dist
    return json.dumps({"name": name, "version": version, "dist": dist} if dist else {"name": name, "version": version}).encode()


def npm_version(version="1.0.0", manifest=None, tarball=digest(CONTENT), size=len(CONTENT)):
    manifest = npm_manifest(version=version) if manifest is None else manifest
    return message(2, [*text(1, version, "version"), *data(2, manifest, "manifest", "JSON"), *data(3, tarball, "tarball"), *number(4, size, "size")], "versions")


def npm_body(*versions, name="left", tags=(("latest", "1.0.0"),), times=(("1.0.0", "2023-11-14T22:13:20.000Z"),), extra=b'{"license":"MIT"}'):
    pieces = [*text(1, name, "name"), *(piece for version in versions or (npm_version(),) for piece in version)]
    for field, label, entries in ((3, "dist_tags", tags), (4, "time", times)):
        for key, value in entries:
            pieces += message(field, [*text(1, key, "key"), *text(2, value, "value")], label)
    return [*pieces, *data(5, extra, "extra", "JSON")]


def npm():
    shown = {"version": "1.0.0", "manifest": npm_manifest().hex(), "tarball": digest(CONTENT).hex(), "size": len(CONTENT)}
    fields = {"name": "left", "versions": [shown], "dist_tags": {"latest": "1.0.0"}, "time": {"1.0.0": "2023-11-14T22:13:20.000Z"},
              "extra": b'{"license":"MIT"}'.hex()}
    yield vector("one", "npm", "left", npm_body(), fields=fields)
    yield vector("that-was-visible", "npm", "left", npm_body(), previous=npm_body(), fields=fields)
    scoped = npm_version(manifest=npm_manifest(name="@a/b"))
    yield vector("scoped", "npm", "@a/b", npm_body(scoped, name="@a/b", extra=b""),
                 fields={k: v for k, v in fields.items() if k != "extra"} | {"name": "@a/b", "versions": [shown | {"manifest": npm_manifest(name="@a/b").hex()}]})
    known = npm_manifest(dist={"tarball": "x", "integrity": f"md4-AAAA {sri(CONTENT)}?opt"})
    yield vector("with-an-unknown-digest", "npm", "left", npm_body(npm_version(manifest=known)), fields=fields | {"versions": [shown | {"manifest": known.hex()}]})

    def wrong(name, reason, cause, body, thing="left@1.0.0", document="left", code="integrity", **other):
        return refused(name, reason, code, f"npm record {thing}", cause, "npm", document, body, **other)
    yield wrong("unreadable", "body", "its body cannot be read", [Piece(counting(0xF8, 5), "no fields")], "left")
    package = "its body is of another package, or has no versions"
    yield wrong("of-another-name", "package", package, npm_body(), "right", "right")
    yield wrong("without-versions", "package", package, npm_body([]), "left")
    for bad in ("_left", ".left", "node_modules", "le ft", "@a", "@/b", "@a/", "@a/.b", "-", "x" * 215):
        yield wrong(f"name-{bad[:12]}", "package", package, npm_body(npm_version(manifest=npm_manifest(bad)), name=bad), bad, bad)
    yield wrong("version-twice", "version-twice", "it stands twice", npm_body(npm_version(), npm_version()))
    describes = "its manifest does not describe it"
    for name, manifest in (("no-json", b"{"), ("no-object", b"[]"), ("of-another-name", npm_manifest("right")), ("of-another-version", npm_manifest(version="1.0.1")),
                           ("too-deep", b'{"a":' + b"[" * 64 + b"]" * 64 + b"}")):
        yield wrong(f"manifest-{name}", "manifest", describes, npm_body(npm_version(manifest=manifest)))
    for bad in ("1.0", "01.0.0", "1.0.0-", "latest", "1.0.0-01", "9007199254740992.0.0"):
        yield wrong(f"version-{bad}", "manifest", describes, npm_body(npm_version(bad), tags=(("latest", bad),)), f"left@{bad}")
    not_named = "its tarball is not among the blobs that the record names"
    yield wrong("tarball-not-named", "tarball", not_named, npm_body(), blobs=())
    yield wrong("tarball-of-31-bytes", "tarball", not_named, npm_body(npm_version(tarball=counting(1, 31))))
    not_held = "its tarball is not in the store, or of another size"
    yield wrong("tarball-not-held", "held", not_held, npm_body(), held=())
    yield wrong("tarball-of-another-size", "held", not_held, npm_body(npm_version(size=24)))
    for name, dist in (("none", {}), ("no-object", "x"), ("without-tarball", {"integrity": sri(CONTENT)}), ("tarball-no-text", {"tarball": 1, "integrity": sri(CONTENT)})):
        yield wrong(f"dist-{name}", "dist", "its manifest has no dist with a tarball", npm_body(npm_version(manifest=npm_manifest(dist=dist))))
    for name, integrity in (("of-other-bytes", sri(OTHER)), ("of-no-known-digest", "md4-AAAA"), ("with-one-that-differs", f"{sri(CONTENT)} {sri(OTHER)}")):
        body = npm_body(npm_version(manifest=npm_manifest(dist={"tarball": "x", "integrity": integrity})))
        yield wrong(f"integrity-{name}", "integrity", "dist.integrity is not the digest of its tarball", body)
    for name, dist in (("none", {"tarball": "x"}), ("of-other-bytes", {"tarball": "x", "shasum": hashlib.sha1(OTHER).hexdigest()})):
        yield wrong(f"shasum-{name}", "shasum", "dist.shasum is not the digest of its tarball", npm_body(npm_version(manifest=npm_manifest(dist=dist))))
    yield wrong("tag-of-another-version", "tag", "is of a version that it does not hold", npm_body(tags=(("latest", "1.0.0"), ("next", "2.0.0"))), "left")
    yield wrong("without-latest", "latest", 'it has no tag "latest"', npm_body(tags=(("next", "1.0.0"),)), "left")
    for name, extra in (("no-json", b"{"), ("no-object", b"1")):
        yield wrong(f"extra-{name}", "extra", "its further members are not a JSON object", npm_body(extra=extra), "left")
    before = npm_body(npm_version(tarball=digest(OTHER)))
    yield wrong("that-replaces-a-version", "replaced", "it would replace a visible version by other bytes", npm_body(), previous=before)


# --- pypi

ABOUT = b"Metadata-Version: 2.1\nName: My_Pkg\nVersion: 1.0\nSummary: hello\n\nName: of no effect\n"
WHEEL = "My_Pkg-1.0-py3-none-any.whl"


def provenance_of(content):
    statement = json.dumps({"_type": "statement", "subject": [{"name": WHEEL, "digest": {"sha256": digest(content).hex()}}]})
    return json.dumps({"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": [
        {"version": 1, "envelope": {"statement": base64.b64encode(statement.encode()).decode(), "signature": ""}}]}]}).encode()


def pypi_file(filename=WHEEL, sha256=digest(CONTENT), size=len(CONTENT), metadata=digest(ABOUT), yanked=0, attestations=b""):
    return message(2, [*text(1, filename, "filename"), *data(2, sha256, "sha256"), *number(3, size, "size"), *text(4, ">=3.8", "requires_python"),
                       *number(5, yanked, "yanked"), *text(7, "2024-02-03T04:05:06.789000Z", "upload_time"), *data(8, metadata, "metadata"),
                       *data(10, attestations, "attestations")], "files")


def pypi_body(*files, name="my-pkg"):
    return [*text(1, name, "name"), *(piece for file in files or (pypi_file(),) for piece in file)]


def pypi():
    both = {"blobs": (CONTENT, ABOUT), "held": (CONTENT, ABOUT)}
    shown = {"filename": WHEEL, "sha256": digest(CONTENT).hex(), "size": len(CONTENT), "requires_python": ">=3.8",
             "upload_time": "2024-02-03T04:05:06.789000Z", "metadata": digest(ABOUT).hex()}
    fields = {"name": "my-pkg", "files": [shown]}
    source = {k: v for k, v in shown.items() if k != "metadata"} | {"filename": "my-pkg-1.0.tar.gz", "yanked": True}
    yield vector("one", "pypi", "my-pkg", pypi_body(), fields=fields, **both)
    yield vector("that-was-visible", "pypi", "my-pkg", pypi_body(), previous=pypi_body(), fields=fields, **both)
    yield vector("with-a-yanked-source-archive", "pypi", "my-pkg", pypi_body(pypi_file(), pypi_file("my-pkg-1.0.tar.gz", metadata=b"", yanked=1)),
                 fields=fields | {"files": [shown, source]}, **both)
    proof = provenance_of(CONTENT)
    attested = (CONTENT, ABOUT, proof)
    yield vector("with-provenance", "pypi", "my-pkg", pypi_body(pypi_file(attestations=digest(proof))),
                 fields=fields | {"files": [shown | {"attestations": digest(proof).hex()}]}, blobs=attested, held=attested)
    for good in ("My.Pkg-1.0-1a-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",):
        yield vector("of-one-platform", "pypi", "my-pkg", pypi_body(pypi_file(good)), fields=fields | {"files": [shown | {"filename": good}]}, **both)
    for good in ("my-pkg-1!2.0rc1.post2.dev3+cu.118.zip", "my_pkg-1.0-1.tar.gz", "my--pkg-v1.0.tar.gz"):
        yield vector(f"named-{good}", "pypi", "my-pkg", pypi_body(pypi_file(good, metadata=b"", yanked=1)),
                     fields=fields | {"files": [source | {"filename": good}]}, **both)

    def wrong(name, reason, cause, body, thing=f"my-pkg: {WHEEL}", document="my-pkg", **other):
        return refused(name, reason, "integrity", f"pypi record {thing}", cause, "pypi", document, body, **(both | other))
    yield wrong("unreadable", "body", "its body cannot be read", [Piece(counting(0xF8, 5), "no fields")], "my-pkg")
    project = "its body is of another project, or has no files"
    yield wrong("of-another-name", "project", project, pypi_body(), "other", "other")
    yield wrong("without-files", "project", project, pypi_body([]), "my-pkg")
    for bad in ("My-pkg", "my_pkg", "my--pkg", "-my", "my-", "..", "a/b", "p\u0443", "x" * 129):
        yield wrong(f"name-{bad[:12]}", "project", project, pypi_body(name=bad), bad, bad)
    yield wrong("file-twice", "file-twice", "it stands twice", pypi_body(pypi_file(), pypi_file()))
    for bad in ("", "../" + WHEEL, "." + WHEEL, "other-1.0-py3-none-any.whl", "my_pkg-1.0-py3-none.whl", "my_pkg-1.0-b-py3-none-any.whl", "my_pkg-1.0-py3..-none-any.whl",
                "my_pkg-one-py3-none-any.whl", "my_pkg-1.0-py3-none-any.exe", "my_pkg.tar.gz", "other-1.0.zip", "m\u0443_pkg-1.0.zip", "my_pkg-1234567890123456789.zip",
                "my_pkg-1.0-" + "1" * 240 + "-py3-none-any.whl", "my_pkg-1.0 .zip"):
        yield wrong(f"file-{bad[:40]}", "filename", "it is no name of a file of that project", pypi_body(pypi_file(bad)), f"my-pkg: {bad}")
    not_named = "it is not among the blobs that the record names"
    yield wrong("file-not-named", "file", not_named, pypi_body(), blobs=(ABOUT,))
    yield wrong("file-digest-of-31-bytes", "file", not_named, pypi_body(pypi_file(sha256=counting(1, 31))))
    yield wrong("file-not-held", "held", "it is not in the store, or of another size", pypi_body(), held=(ABOUT,))
    yield wrong("file-of-another-size", "held", "it is not in the store, or of another size", pypi_body(pypi_file(size=24)))
    yield wrong("source-with-metadata", "beside", "a source archive has no metadata beside it", pypi_body(pypi_file("my_pkg-1.0.zip")), "my-pkg: my_pkg-1.0.zip")
    yield wrong("metadata-none", "metadata", "its metadata is not among", pypi_body(pypi_file(metadata=b"")))
    yield wrong("metadata-not-named", "metadata", "its metadata is not among", pypi_body(), blobs=(CONTENT,))
    yield wrong("metadata-not-held", "metadata-held", "its metadata is not in the store", pypi_body(), held=(CONTENT,))
    for name, about in (("of-another-project", b"Name: other\nVersion: 1.0\n"), ("of-another-version", b"Name: my-pkg\nVersion: 1.1\n"),
                        ("below-an-empty-line", b"\nName: my-pkg\nVersion: 1.0\n"), ("without-version", b"Name: my-pkg\n")):
        yield wrong(f"metadata-{name}", "metadata-of", "its metadata is of another project or version", pypi_body(pypi_file(metadata=digest(about))),
                    blobs=(CONTENT, about), held=(CONTENT, about))
    yield wrong("attestations-not-named", "attestations", "its attestations are not among", pypi_body(pypi_file(attestations=digest(proof))))
    yield wrong("attestations-not-held", "attestations-held", "its attestations are not in the store", pypi_body(pypi_file(attestations=digest(proof))), blobs=attested)
    other = provenance_of(OTHER)
    yield wrong("attestations-of-another-file", "attestations-of", "its attestations are of another file", pypi_body(pypi_file(attestations=digest(other))),
                blobs=(CONTENT, ABOUT, other), held=(CONTENT, ABOUT, other))
    before = pypi_body(pypi_file(sha256=digest(OTHER)))
    yield wrong("that-replaces-a-file", "replaced", "it would replace a visible file by other bytes", pypi_body(), previous=before)


# --- huggingface

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MODEL = f"models/org/tiny@{COMMIT}"


def git_oid(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).digest()


def hub_file(path="config.json", content=CONTENT, oid=None, size=None, pointer=0, sha256=None):
    return message(1, [*text(1, path, "path"), *number(2, len(content) if size is None else size, "size"),
                       *data(3, digest(content) if sha256 is None else sha256, "sha256"), *data(4, git_oid(content) if oid is None else oid, "oid"),
                       *number(5, pointer, "pointer_size")], "files")


def hub_folder(path="onnx", oid=counting(0x40, 20)):
    return message(2, [*text(1, path, "path"), *data(2, oid, "oid")], "folders")


def hub_revision(*files, folders=(), about=b'{"tags":["onnx"]}', modified="2024-05-01T00:00:00.000Z"):
    return [*(piece for file in files for piece in file), *(piece for folder in folders for piece in folder), *text(3, modified, "last_modified"),
            *data(4, about, "about", "JSON")]


def hub_refs(**commits):
    return [piece for name, commit in commits.items() for piece in message(1, [*text(1, name, "key"), *text(2, commit, "value")], "commits")]


def huggingface():
    both = {"blobs": (CONTENT, OTHER), "held": (CONTENT, OTHER)}
    plain, large = hub_file(), hub_file("onnx/model.onnx", OTHER, oid=counting(0x20, 20), pointer=130)
    shown = [{"path": "config.json", "size": len(CONTENT), "sha256": digest(CONTENT).hex(), "oid": git_oid(CONTENT).hex()},
             {"path": "onnx/model.onnx", "size": len(OTHER), "sha256": digest(OTHER).hex(), "oid": counting(0x20, 20).hex(), "pointer_size": 130}]
    fields = {"files": shown, "folders": [{"path": "onnx", "oid": counting(0x40, 20).hex()}], "last_modified": "2024-05-01T00:00:00.000Z",
              "about": b'{"tags":["onnx"]}'.hex()}
    good = hub_revision(plain, large, folders=(hub_folder(),))
    yield vector("revision", "huggingface", MODEL, good, fields=fields, **both)
    yield vector("revision-that-was-visible", "huggingface", MODEL, good, previous=hub_revision(plain), fields=fields, **both)
    yield vector("revision-of-the-oldest-kind-of-name", "huggingface", f"models/gpt2@{COMMIT}", good, fields=fields, **both)
    yield vector("refs", "huggingface", "datasets/org/set", hub_refs(main=COMMIT), blobs=(), fields={"commits": {"main": COMMIT}})

    def wrong(name, reason, cause, body, thing=MODEL, document=MODEL, **other):
        return refused(name, reason, "integrity", f"huggingface record {thing}", cause, "huggingface", document, body, **(both | other))
    for name, document, thing in (("kind", "tokens/org/tiny", "document tokens/org/tiny"), ("no-name", "models", "document models"), ("empty", "models/", "repository "),
                                  ("deep", "models/a/b/c", "repository a/b/c"), ("up", "models/../x", "repository ../x"), ("dashes", "models/a--b", "repository a--b"),
                                  ("git", "spaces/org/x.git", "repository org/x.git"), ("long", "models/" + "x" * 97, "repository " + "x" * 97),
                                  ("branch", "models/org/tiny@main", "document models/org/tiny@main"),
                                  ("upper-case-commit", f"models/a@{'A' * 40}", f"document models/a@{'A' * 40}")):
        yield refused(f"name-{name}", "document", "invalid", thing, "", "huggingface", document, good, **both)
    unreadable = "its body cannot be read, or has no files"
    yield wrong("unreadable", "body", unreadable, [Piece(counting(0xF8, 5), "no fields")])
    yield wrong("without-files", "body", unreadable, hub_revision())
    for name, about in (("no-json", b"{"), ("a-list", b"[]"), ("nothing", b"")):
        yield wrong(f"about-{name}", "body", unreadable, hub_revision(plain, about=about))
    yield wrong("modified-with-line-feed", "body", unreadable, hub_revision(plain, modified="a\nb"))
    leaves = "a path leaves the repository, or is out of order"
    for name, path in (("none", ""), ("up", "../x"), ("absolute", "/etc/passwd"), ("back", "a\\b"), ("control", "a\x01"), ("long-part", "p" * 256), ("deep", "a/" * 64 + "a")):
        yield wrong(f"path-{name}", "path", leaves, hub_revision(hub_file(path)))
    yield wrong("files-not-sorted", "path", leaves, hub_revision(large, plain))
    yield wrong("file-twice", "path", leaves, hub_revision(plain, plain))
    one = f"{MODEL}: config.json"
    digests = "it has no digests, or is not among the blobs that the record names"
    for name, file in (("sha256-of-31-bytes", hub_file(sha256=counting(1, 31))), ("oid-of-19-bytes", hub_file(oid=counting(1, 19))), ("without-oid", hub_file(oid=b""))):
        yield wrong(name, "file", digests, hub_revision(file), one)
    yield wrong("file-not-named", "file", digests, hub_revision(plain), one, blobs=(OTHER,))
    yield wrong("file-not-held", "held", "it is not in the store, or of another size", hub_revision(plain), one, held=(OTHER,))
    yield wrong("file-of-another-size", "held", "it is not in the store, or of another size", hub_revision(hub_file(size=22)), one)
    yield wrong("file-of-another-oid", "oid", "its oid is not the digest of its bytes", hub_revision(hub_file(oid=counting(1, 20))), one)
    yield wrong("folder-up", "folder", "a folder's path leaves the repository", hub_revision(plain, folders=(hub_folder("../x"),)))
    yield wrong("that-replaces-a-file", "replaced", "it would replace a visible file by other bytes", hub_revision(plain), one,
                previous=hub_revision(hub_file(content=OTHER)))
    refs = "models/org/tiny"
    none = "its refs cannot be read, are none, or name blobs"
    yield wrong("refs-unreadable", "refs", none, [Piece(counting(0xF8, 5), "no fields")], refs, refs, blobs=())
    yield wrong("refs-none", "refs", none, [], refs, refs, blobs=())
    yield wrong("refs-with-a-blob", "refs", none, hub_refs(main=COMMIT), refs, refs)
    for name, ref in (("space", "a b"), ("dots", "a..b"), ("slash", "/a"), ("caret", "a^"), ("commit", COMMIT), ("none", "")):
        yield wrong(f"ref-{name}", "ref", "a ref has no proper name or commit", hub_refs(**{ref: COMMIT}), refs, refs, blobs=())
    yield wrong("ref-to-no-commit", "ref", "a ref has no proper name or commit", hub_refs(main="main"), refs, refs, blobs=())


# --- conda

SUBDIR = "lab/linux-64"


def conda_entry(content=CONTENT, **changes):
    """As a channel writes it: the text is kept."""
    entry = {"name": "tiny", "version": "1.0", "build": "py_0", "timestamp": 1700000000000, "md5": hashlib.md5(content).hexdigest(),
             "sha256": digest(content).hex(), "size": len(content), **changes}
    return json.dumps({key: value for key, value in entry.items() if value is not None}).encode()


def conda_file(name="tiny-1.0-py_0.conda", content=CONTENT, sha256=None, size=None, metadata=None, removed=0):
    return message(1, [*text(1, name, "name"), *data(2, digest(content) if sha256 is None else sha256, "sha256"),
                       *number(3, len(content) if size is None else size, "size"),
                       *data(4, conda_entry(content) if metadata is None else metadata, "metadata", "JSON"), *number(5, removed, "removed")], "files")


def conda_body(*files):
    return [piece for file in files for piece in file]


def conda():
    both = {"blobs": (CONTENT, OTHER), "held": (CONTENT, OTHER)}
    name, older = "tiny-1.0-py_0.conda", "tiny-1.0-py_0.tar.bz2"
    plain, second = conda_file(), conda_file(older, OTHER, removed=1)
    shown = [{"name": name, "sha256": digest(CONTENT).hex(), "size": len(CONTENT), "metadata": conda_entry().hex()},
             {"name": older, "sha256": digest(OTHER).hex(), "size": len(OTHER), "metadata": conda_entry(OTHER).hex(), "removed": True}]
    yield vector("subdir", "conda", SUBDIR, conda_body(plain, second), fields={"files": shown}, **both)
    yield vector("subdir-that-was-visible", "conda", "pkgs/main/noarch", conda_body(plain, second), previous=conda_body(plain), fields={"files": shown}, **both)
    without = conda_entry(md5=None, fn=name, subdir="linux-64")
    yield vector("subdir-without-md5", "conda", SUBDIR, conda_body(conda_file(metadata=without)), fields={"files": [shown[0] | {"metadata": without.hex()}]})

    def wrong(which, reason, cause, body, thing=f"{SUBDIR}: {name}", **other):
        return refused(which, reason, "integrity", f"conda record {thing}", cause, "conda", SUBDIR, body, **(both | other))
    for which, document, thing in (("no-subdir", "noarch", "document noarch"), ("up", "../noarch", "channel .."), ("empty", "/noarch", "channel "),
                                   ("deep", "a/b/c/d/e/noarch", "channel a/b/c/d/e"), ("space", "a b/noarch", "channel a b"), ("source", "lab/src", "subdir src"),
                                   ("upper-case", "lab/Linux-64", "subdir Linux-64"), ("long", "c" * 129 + "/noarch", "channel " + "c" * 129)):
        yield refused(f"name-{which}", "document", "invalid", thing, "", "conda", document, conda_body(plain), **both)
    unreadable = "its body cannot be read, or has no files"
    yield wrong("unreadable", "body", unreadable, [Piece(counting(0xF8, 5), "no fields")], SUBDIR)
    yield wrong("without-files", "body", unreadable, [], SUBDIR)
    unsafe = "a file has no proper name, or is out of order"
    for which, path in (("none", ""), ("up", "../tiny-1.0-py_0.conda"), ("two-parts", "tiny-1.0.conda"), ("ending", "tiny-1.0-py_0.zip"), ("quote", 'tiny-1.0-"_0.conda'),
                        ("upper-case", "Tiny-1.0-py_0.conda"), ("other-script", "tinу-1.0-py_0.conda"), ("long", "t" * 245 + "-1-0.conda0.conda")):
        yield wrong(f"file-name-{which}", "name", unsafe, conda_body(conda_file(path)), SUBDIR)
    yield wrong("files-not-sorted", "name", unsafe, conda_body(second, plain), SUBDIR)
    yield wrong("file-twice", "name", unsafe, conda_body(plain, plain), SUBDIR)
    digests = "it has no digest, or is not among the blobs that the record names"
    yield wrong("sha256-of-31-bytes", "file", digests, conda_body(conda_file(sha256=counting(1, 31))))
    yield wrong("file-not-named", "file", digests, conda_body(plain), blobs=(OTHER,))
    for which, cause, metadata in (
            ("no-json", "no JSON object", b"{"), ("a-list", "no JSON object", b"[]"), ("key-twice", "key twice", conda_entry()[:-1] + b', "size": 23}'),
            ("too-long", "256 KiB", conda_entry(summary="s" * 262144)), ("of-another-name", "another name", conda_entry(name="tini")),
            ("of-another-version", "another name", conda_entry(version="1.1")), ("of-another-build", "another name", conda_entry(build=0)),
            ("of-another-file", "another name", conda_entry(fn=older)), ("of-another-subdir", "another name", conda_entry(subdir="noarch")),
            ("with-url", "leads elsewhere", conda_entry(url="http://evil.example/")), ("with-channel", "leads elsewhere", conda_entry(channel="x")),
            ("in-upper-case", "not in lower case", conda_entry(sha256=digest(CONTENT).hex().upper())), ("md5-alone", "MD5 alone", conda_entry(sha256=None)), ("without-digest", "no SHA-256", conda_entry(sha256=None, md5=None)),
            ("without-size", "no size", conda_entry(size=None)), ("with-text-as-size", "no size", conda_entry(size="23")), ("with-odd-md5", "md5 is none", conda_entry(md5="0")),
            ("of-other-bytes", "another digest or size", conda_entry(OTHER)), ("of-another-size", "another digest or size", conda_entry(size=22))):
        yield wrong(f"metadata-{which}", "metadata", cause, conda_body(conda_file(metadata=metadata)))
    yield wrong("file-not-held", "held", "it is not in the store, or of another size", conda_body(plain), held=(OTHER,))
    yield wrong("file-of-another-size", "held", "it is not in the store, or of another size", conda_body(conda_file(size=22, metadata=conda_entry(size=22))))
    yield wrong("file-of-another-md5", "md5", "its md5 is not that of its bytes", conda_body(conda_file(metadata=conda_entry(md5="0" * 32))))
    yield wrong("that-replaces-a-file", "replaced", "it would replace a visible file by other bytes", conda_body(plain), previous=conda_body(conda_file(content=OTHER)))


# --- apt


def apt_file(path, sha256=digest(CONTENT), size=len(CONTENT)):
    return message(6, [*text(1, path, "path"), *data(2, sha256, "sha256"), *number(3, size, "size")], "files")


def apt_body(*files, archive="debian", suite="bookworm", mode=0, date=1_700_000_000_000_000):
    return [*text(1, archive, "archive"), *text(2, suite, "suite"), *number(3, mode, "mode"), *number(4, date, "date_micros"),
            *(piece for file in files for piece in file)]


def apt():
    document, index = "debian/bookworm", "dists/bookworm/main/binary-amd64/Packages"

    def wrong(name, reason, code, cause, body, thing="apt debian/bookworm", document=document, **other):
        return refused(name, reason, code, thing, cause, "apt", document, body, **other)
    reads = "the record does not read or is another suite's"
    yield wrong("unreadable", "body", "invalid", reads, [Piece(counting(0xF8, 5), "no fields")])
    yield wrong("of-another-suite", "body", "invalid", reads, apt_body(suite="trixie"))
    for name, archive, suite in (("archive-none", "", "x"), ("archive-up", "..", "x"), ("archive-with-slash", "a/b", "x"), ("suite-up", "debian", "a/../b"),
                                 ("suite-none", "debian", ""), ("suite-with-empty-part", "debian", "a//b"), ("suite-control", "debian", "a\x1fb"),
                                 ("archive-of-1025-bytes", "a" * 1025, "x")):
        both = f"{archive}/{suite}"
        yield wrong(name, "body", "invalid", reads, apt_body(archive=archive, suite=suite), f"apt {both}", both)
    yield wrong("without-keyring", "keyring", "refused", "no keyring is configured for archive ubuntu", apt_body(archive="ubuntu"),
                "apt ubuntu/bookworm", "ubuntu/bookworm")
    yield wrong("older", "date", "outdated", "and one of", apt_body(), previous=apt_body(date=1_700_000_000_000_001))
    nothing = "has neither InRelease nor Release with Release.gpg"
    no_release = "apt debian/bookworm dists/bookworm/"
    yield wrong("older-than-one-of-another-mode", "release", "integrity", nothing, apt_body(), no_release, previous=apt_body(mode=1, date=1_700_000_000_000_001))
    yield wrong("of-the-same-date", "release", "integrity", nothing, apt_body(), no_release, previous=apt_body())
    listed = "its list of files does not read at"
    for size in (31, 33):
        yield wrong(f"file-digest-of-{size}-bytes", "files", "invalid", listed, apt_body(apt_file(index, counting(1, size))))
    for name, path in (("none", ""), ("up", "dists/../x"), ("absolute", "/etc/passwd"), ("of-1025-bytes", "p" * 1025)):
        yield wrong(f"file-path-{name}", "files", "invalid", f'{listed} "{path}"', apt_body(apt_file(path)))
    yield wrong("files-not-sorted", "files", "invalid", f'{listed} "pool/a"', apt_body(apt_file("pool/b"), apt_file("pool/a")))
    yield wrong("file-twice", "files", "invalid", f'{listed} "pool/a"', apt_body(apt_file("pool/a"), apt_file("pool/a")))
    yield wrong("file-not-named", "named", "integrity", "the record does not name its blob", apt_body(apt_file(index)), f"apt {document} {index}", blobs=())
    held = "its blob is not held with the size that the record gives"
    yield wrong("file-not-held", "held", "integrity", held, apt_body(apt_file(index)), f"apt {document} {index}", held=())
    yield wrong("file-of-another-size", "held", "integrity", held, apt_body(apt_file(index, size=22)), f"apt {document} {index}")
    for name, paths in (("no-release", [index]), ("release-without-signature", ["dists/bookworm/Release"]), ("signature-without-release", ["dists/bookworm/Release.gpg"]),
                        ("release-of-another-suite", ["dists/trixie/InRelease"])):
        yield wrong(name, "release", "integrity", nothing, apt_body(*map(apt_file, paths)), no_release)


FILES = {"record": ("A record, the blobs that are held, and what was visible before, if anything was. For apt a keyring is configured for the archive "
                    "\"debian\" only: docs/protocol.md, Records.", lambda: [*files(), *npm(), *pypi(), *huggingface(), *conda(), *oci(), *apt()])}
