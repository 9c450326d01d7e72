#!/usr/bin/env python3
"""Writes the inputs from which fuzzing starts: the worked example of docs/protocol.md, the golden vectors, and small documents of every kind, each behind the bytes by
which its target chooses what to do with it.

Usage: make_seeds.py ROOT FOLDER      makes FOLDER/<target>/<name>
"""
import base64
import gzip
import hashlib
import io
import json
import pathlib
import struct
import sys
import tarfile

MAX_VECTOR_BYTES = 8192  # longer ones are about limits, which their own tests reach


def piece(data):
    """As input.h reads it: the length, then the bytes."""
    data = data.encode() if isinstance(data, str) else data
    return struct.pack("<H", len(data)) + data


def examples(root):
    """The fenced blocks "```hex NAME" of the protocol's document."""
    found, name = {}, None
    for line in (root / "docs/protocol.md").read_text().splitlines():
        if line.startswith("```hex "):
            name = line.removeprefix("```hex ")
            found[name] = b""
        elif line == "```":
            name = None
        elif name:
            found[name] += bytes.fromhex(line.split(";")[0])
    return found


def manifest(name, version, tarball, **more):
    sri = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    return {"name": name, "version": version, "dependencies": {"other": "^1.0.0"}, "os": ["linux", "!win32"], "scripts": {"install": "x"},
            "dist": {"tarball": f"https://registry.example/{name}/-/{name}-{version}.tgz", "integrity": sri,
                     "shasum": hashlib.sha1(tarball).hexdigest(), "signatures": [{"keyid": "SHA256:k", "sig": "MEUCIQ=="}], "fileCount": 3}, **more}


def pnpm_locks():
    """pnpm-lock.yaml of each version that is read."""
    integrity = "{integrity: sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode() + "}"
    folder = "    resolution: {directory: own, type: directory}\n    name: own\n"
    native = f"    resolution: {integrity}\n    cpu: [x64]\n    os: [linux]\n    libc: [musl]\n"
    yield "pnpm5", (f"lockfileVersion: 5.4\n\ndependencies:\n  odd: 1.0.0_a@1.0.0\n\npackages:\n\n  /@types/odd/2.0.0-rc.1:\n{native}    optional: true\n"
                    f"  /odd/1.0.0_a@1.0.0:\n    resolution: {integrity}\n    dev: true\n  n.example/x/1.0.0:\n    resolution: {integrity}\n  file:own:\n{folder}")
    yield "pnpm6", f"lockfileVersion: '6.0'\n\npackages:\n\n  /@types/odd@1.0.0(a@1.0.0):\n{native}    optional: true\n    dev: true\n  file:own:\n{folder}"
    yield "pnpm9", (f"---\nlockfileVersion: '9.0'\n---\nlockfileVersion: '9.0'\n\nimporters:\n  .:\n    dependencies:\n      x: {{specifier: npm:odd@^1, version: "
                    f"odd@1.0.0(a@1.0.0)}}\n    devDependencies:\n      own: {{specifier: file:own, version: file:own}}\n\npackages:\n\n  odd@1.0.0:\n    resolution: "
                    f"{integrity}\n  '@types/odd@1.0.0':\n{native}  own@file:own:\n{folder}\nsnapshots:\n\n  odd@1.0.0(a@1.0.0):\n    optionalDependencies:\n"
                    f"      '@types/odd': 1.0.0\n  '@types/odd@1.0.0':\n    optional: true\n  own@file:own: {{}}\n")
    yield "pnpm_git", "lockfileVersion: '9.0'\npackages:\n  x@https://h.example/x:\n    resolution: {commit: 1d7e, repo: 'https://h.example/x', type: git}\n"
    yield "pnpm_alias", "lockfileVersion: '9.0'\npackages: &p {a: [&a [1], *a], ? [x] : !!str y, <<: *p}\n"


def yarn_locks():
    """yarn.lock of yarn 4 and of yarn 1."""
    yield "yarn4", ('__metadata:\n  version: 8\n  cacheKey: 10c0\n\n"odd@npm:^1, odd@npm:1.0.0":\n  version: 1.0.0\n  resolution: "odd@npm:1.0.0::__archiveUrl=h%3A"\n'
                    '  checksum: 10c0/00\n  conditions: os=linux & (cpu=x64 | cpu=arm64) & libc=glibc\n\n"own@file:./own::locator=p%40workspace%3A.":\n'
                    '  resolution: "own@file:./own#./own::hash=1"\n\n"p@workspace:.":\n  resolution: "p@workspace:."\n\n"x@patch:x":\n  resolution: "x@patch:x@npm%3A1"\n')
    yield "yarn4_git", '__metadata: {}\nx:\n  resolution: "x@https://h.example/x.git#commit=1d7e"\n'
    yield "yarn1", ('# yarn lockfile v1\n\n\n"@types/odd@^1", odd@^1.0.0, "old@npm:odd@^1":\n  version "1.0.0"\n  resolved "https://h.example/odd/-/odd-1.0.0.tgz#'
                    + hashlib.sha1(b"x").hexdigest() + '"\n  integrity sha512-AA==\n  dependencies:\n    a "^1 || \\"2\\""\n\n"own@link:./own":\n  version "0.0.0"\n  uid ""\n')
    yield "yarn1_git", '# yarn lockfile v1\nx@user/repo:\n  version "1.0.0"\n'


def npm_seeds():
    versions = {version: manifest("odd", version, version.encode()) for version in ("1.0.0", "1.0.1", "2.0.0-rc.1", "0.9.0")}
    packument = {"_id": "odd", "name": "odd", "dist-tags": {"latest": "1.0.1", "next": "2.0.0-rc.1"}, "versions": versions,
                 "time": {"created": "2020-01-02T03:04:05.678Z", "modified": "2021-01-02T03:04:05.678Z", "1.0.0": "2020-01-02T03:04:05.678+02:00"},
                 "description": "an odd package", "license": "MIT", "readme": "r\u00e9\ud83d\ude00\\", "keywords": ["a", "b"]}
    lock = {"name": "project", "lockfileVersion": 3, "packages": {
        "": {"name": "project", "version": "1.0.0"}, "workspace/a": {"name": "a"},
        "node_modules/odd": {"version": "1.0.0", "resolved": "https://registry.example/odd/-/odd-1.0.0.tgz", "integrity": versions["1.0.0"]["dist"]["integrity"]},
        "node_modules/@types/odd": {"version": "2.0.0-rc.1", "optional": True, "os": ["darwin"], "cpu": ["x64"], "libc": ["glibc"]},
        "node_modules/a": {"resolved": "workspace/a", "link": True},
        "node_modules/alias": {"name": "real", "version": "1.0.0", "dev": True, "inBundle": True}}}
    key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + "A" * 87 + "="
    keys = {"keys": [{"expires": "2029-01-02T03:04:05.678Z", "keyid": "SHA256:k", "keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256", "key": key}]}
    cursor = {"format": 1, "keys": "", "packages": {"odd": {"etag": "e", "answer": "a", "record": "r", "versions": {"1.0.0": {"tarball": "t", "integrity": "i"}}}}}
    yield "packument", b"\0" + json.dumps(packument).encode()
    yield "packument_utf8", b"\0" + json.dumps(packument, ensure_ascii=False, indent=1).encode("utf-16", "surrogatepass").decode("utf-16").encode()
    yield "lock", b"\1" + json.dumps(lock).encode()
    for name, text in (*pnpm_locks(), *yarn_locks()):
        yield name, b"\1" + text.encode()
    yield "keys", b"\2" + piece(json.dumps(keys)) + piece(json.dumps(versions["1.0.0"])) + b"2020-01-02T03:04:05Z"
    for number, name in enumerate(("odd", "@types/odd", "Odd~1", "node_modules", ".hidden", "a" * 214)):
        yield f"name{number}", b"\3" + name.encode()
    yield "order", b"\4" + piece("1.0.0") + piece("1.0.0-rc.1") + b"1.0.0+build"
    yield "order_no_versions", b"\4" + piece("v1") + piece("1.0.0-a.1") + b"01.0.0"
    yield "members", b"\5" + json.dumps({"a": [1, {"b": "\\\""}], "c\n": None, "d": -1.5e3, "a ": True}).encode()
    yield "cursor", b"\6" + json.dumps(cursor).encode()
    yield "spec", b"\7@types/odd@^1.0.0 || npm:other@2"
    yield "time", b"\7" + b"2020-01-02T03:04:05.678+02:00"


def pypi_seeds():
    digest = "ab" * 32
    wheel, source = "my_odd-1.0+cpu-py3-none-any.whl", "My.Odd-0.9.tar.gz"
    files = [{"filename": wheel, "url": f"../../f/{wheel}", "hashes": {"sha256": digest}, "size": 5, "requires-python": ">=3.8", "yanked": "b\u00e9",
              "upload-time": "2024-01-02T03:04:05.678900Z", "core-metadata": {"sha256": digest}, "provenance": "https://index.example/p"},
             {"filename": source, "url": f"https://f.example/{source}#x", "hashes": {}, "yanked": True, "dist-info-metadata": {"sha256": digest}},
             {"filename": "../up-1.0.zip", "url": "", "hashes": {"md5": "x"}}, {"filename": wheel, "url": "x", "hashes": {"sha256": "cd" * 32}}]
    page = {"meta": {"api-version": "1.1", "_last-serial": 7}, "name": "My_Odd", "versions": ["1.0"], "files": files}
    html = (f"<!DOCTYPE html><html><head><meta name='pypi:repository-version' content='1.0'><base href='/f/'></head><body><a href=\"{wheel}#sha256={digest}\" "
            f"data-requires-python='&gt;=3.8' data-yanked='b&eacute;&quot;' data-core-metadata='sha256={digest}'>x</a><a href=My.Odd-0.9.tar.gz#md5=x data-yanked>")
    metadata = "Metadata-Version: 2.2\nName: my-odd\nVersion: 1.0\nRequires-Dist: a>=1; extra == 'x'\nDynamic: Requires-Dist\n continued\n\nText\n"
    report = {"version": "1", "install": [{"download_info": {"url": f"https://f.example/{wheel}"}, "is_direct": False, "metadata": {"name": "My_Odd"}}]}
    failures = ("ERROR: Could not find a version that satisfies the requirement my-odd>=2 (from a->b) (from versions: 1.0)", "ERROR: ResolutionImpossible: x",
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    a==1", "")
    cursor = {"format": 1, "projects": {"my-odd": {"etag": "e", "last_modified": "", "answer": "a", "serial": 3, "record": "r",
                                                   "files": {wheel: {"sha256": "s", "metadata": "m"}}}}, "closures": {"k": {wheel: "my-odd"}}}
    yield "json", b"\0" + json.dumps(page).encode()
    yield "html", b"\1" + html.encode()
    yield "metadata", b"\2" + metadata.encode()
    yield "requirements", b"\3" + f"# x\na[b,c]>=1,<2 ; python_version < '3' \\\n  --hash=sha256:{digest}\nb (==1.*)  # y\n".encode()
    for number, name in enumerate((wheel, source, "my-odd-1.0-1-cp311-abi3-manylinux_2_39_x86_64.manylinux2014_x86_64.whl", "3.12.4/macosx_11_0_arm64", "my-odd-1.0-1.zip")):
        yield f"name{number}", b"\4" + name.encode()
    yield "versions", b"\5" + piece("1!1.0rc1.post2.dev3+a.1") + piece("1.0") + piece(">=1,!=1.5.*,~=1.2,<2") + b"v1.0-1"
    for number, failure in enumerate(failures):
        yield f"pip{number}", b"\6" + piece(json.dumps(report)) + piece("The conflict is caused by:\n  a needs b==1\n\n") + piece(failure) + json.dumps(page).encode()
    yield "cursor", b"\7" + json.dumps(cursor).encode()
    statement = json.dumps({"subject": [{"name": wheel, "digest": {"sha256": hashlib.sha256(b"a wheel").hexdigest()}}]})
    envelope = {"statement": base64.b64encode(statement.encode()).decode(), "signature": "MAo="}
    yield "provenance", b"\7" + json.dumps({"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": [{"version": 1, "envelope": envelope}]}]}).encode()


def huggingface_seeds():
    commit = "0123456789abcdef0123456789abcdef01234567"
    revision = {"id": "org/tiny", "sha": commit, "lastModified": "2024-05-01T00:00:00.000Z", "tags": ["onnx"], "cardData": {"license": "mit"}, "siblings": []}
    tree = [{"type": "directory", "path": "onnx", "size": 0, "oid": commit}, {"type": "file", "path": "config.json", "size": 2, "oid": commit},
            {"type": "file", "path": "onnx/m.onnx", "size": 9, "oid": commit, "lfs": {"oid": "ab" * 32, "size": 9, "pointerSize": 130}}]
    cursor = {"format": 1, "repositories": {"models/org/tiny": {"refs": {"main": commit}, "etags": {"main": "e"}, "revisions": {commit: "s"}}}}
    yield "answers", b"\0" + piece(json.dumps(revision)) + piece(json.dumps(tree)) + json.dumps(tree[1:]).encode()
    yield "link", b'\1<http://h/a?b=1,2>; rel="prev", <http://h/c>; rel="next"'
    for number, name in enumerate(("models/org/tiny", f"datasets/org/set@{commit}", "org/name@refs/pr/1", "spaces/a.b_c/d-e@v1.0")):
        yield f"name{number}", b"\2" + name.encode()
    for number, path in enumerate(("/api/models/org/tiny/tree/refs%2Fpr%2F1/a%20b", "/datasets/org/set/resolve/main/a/b", "/api/models/gpt2", "/api/spaces/a/b/paths-info/x")):
        yield f"request{number}", b"\3" + path.encode()
    yield "cursor", b"\4" + json.dumps(cursor).encode()


def conda_seeds():
    def entry(**more):
        return {"name": "tiny", "version": "1.0", "build": "py_0", "depends": ["python >=3.8"], "md5": "ab" * 16, "sha256": "cd" * 32, "size": 5, **more}
    index = {"info": {"subdir": "linux-64", "base_url": "../files"}, "packages": {"tiny-1.0-py_0.tar.bz2": entry()},
             "packages.conda": {"tiny-1.0-py_0.conda": entry(sha256="ef" * 32, fn="tiny-1.0-py_0.conda"), "a": {}}, "removed": ["tiny-0.9-py_0.conda"],
             "repodata_version": 2}
    cursor = {"format": 1, "subdirs": {"lab/noarch": {"asked": "a", "index": "repodata.json", "etag": "e", "last_modified": "", "record": "r"}}}
    yield "index", b"\0" + json.dumps(index).encode()
    yield "index_of_two_keys", b"\0" + json.dumps(index).replace('"size"', '"size":5,"size"').encode()
    for number, path in enumerate(("lab/linux-64/repodata.json.zst", "lab/noarch/repodata.json", "pkgs/main/linux-64/tiny-1.0-py_0.conda", "lab/channeldata.json")):
        yield f"request{number}", b"\1" + piece("bytes") + b"\1" + piece("") + path.encode()
    for number, pattern in enumerate(("tiny", "t* 1.* py?_[0-9]", "tiny >=1")):
        yield f"pattern{number}", b"\2" + piece(pattern) + b"tiny-1.0-py_0.conda"
    yield "packed", b"\3" + piece("text") + bytes.fromhex("28b52ffd0400") + b"!\0\0text"
    yield "cursor", b"\4" + json.dumps(cursor).encode()


def oci_seeds():
    def blob(kind, digit, **more):
        return {"mediaType": kind, "digest": "sha256:" + digit * 64, "size": 5, **more}
    oci, docker = "application/vnd.oci.image.", "application/vnd.docker."
    image = {"schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": blob(oci + "config.v1+json", "a"),
             "layers": [blob(oci + "layer.v1.tar+gzip", "b"), blob(oci + "layer.nondistributable.v1.tar", "c")],
             "subject": blob(oci + "manifest.v1+json", "d"), "artifactType": "application/x", "annotations": {"org.opencontainers.image.created": "2024"}}
    index = {"schemaVersion": 2, "mediaType": docker + "distribution.manifest.list.v2+json", "manifests": [
        blob(docker + "distribution.manifest.v2+json", "e", platform={"os": "linux", "architecture": "arm64", "variant": "v8"})]}
    yield "image", b"\0" + piece("") + json.dumps(image).encode()
    yield "index", b"\0" + piece(index["mediaType"]) + json.dumps(index).encode()
    for number, name in enumerate(("docker.io/library/nginx", "registry.example:5000/a/b__c/d-e.f", "[::1]:5000/x")):
        yield f"name{number}", b"\1" + name.encode()
    for number, name in enumerate(("sha256-" + "ab" * 32 + ".sig", "sha256-" + "ab" * 32, "v1.2.3")):
        yield f"tag{number}", b"\2" + name.encode()
    yield "challenge", b"\3" + piece("repository:a/b:pull") + piece("user") + b'Bearer realm="https://auth.example/token",service="registry",scope="s", Basic realm="x"'
    yield "answers", b"\4" + piece('{"name":"a","tags":["1","latest"]}') + piece('</v2/a/tags/list?last=b&n=2>; rel="next"') + b'{"token":"abc","expires_in":300}'
    for number, want in enumerate(("nginx", "docker.io/team/app:1.*-slim", "team/app:>=1.2 <2 || ^3", "a@sha256:" + "ab" * 32)):
        yield f"want{number}", b"\5" + want.encode()
    cursor = {"format": 1, "repositories": {"docker.io/library/a": {"record": "r", "pinned": ["ab" * 32], "untagged": {"cd" * 32: 1}}}}
    yield "cursor", b"\6" + json.dumps(cursor).encode()


def tar_of(files, links=()):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target, kind in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    return raw.getvalue()


def small_sif(content):
    begin = 128 + 2 * 585
    header = b"#!/usr/bin/env run-singularity\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + b"01\0" + b"02\0" + bytes(16) + struct.pack("<8q", 1, 1, 0, 2, 128, 2 * 585, begin, len(content) + 5)
    return (header + struct.pack("<iBIII7q", 0x4001, 1, 1, 0xf0000001, 0, begin, len(content), len(content), 1, 1, 0, 0).ljust(585, b"\0")
            + struct.pack("<iBIII7q", 0x4005, 1, 2, 0xf0000000, 0xf0000001, begin + len(content), 5, 5, 1, 1, 0, 0).ljust(585, b"\0") + content + b"-----")


def images_seeds():
    def digest(data):
        return "sha256:" + hashlib.sha256(data).hexdigest()
    layer = b"layer"
    config = json.dumps({"rootfs": {"type": "layers", "diff_ids": [digest(layer)] * 2}}).encode()
    saved = json.dumps([{"Config": "c.json", "RepoTags": ["docker.io/library/app:1"], "Layers": ["0/layer.tar", "1/layer.tar"]}]).encode()
    manifest = json.dumps({"schemaVersion": 2, "config": {"mediaType": "a/b", "digest": digest(b"{}"), "size": 2}, "layers": []}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(manifest), "size": len(manifest),
                                                           "annotations": {"io.containerd.image.name": "app:1", "org.opencontainers.image.ref.name": "1"}}]}).encode()
    for name, text in (("saved", saved), ("config", config), ("index", index), ("mark", b'{"imageLayoutVersion":"1.0.0"}')):
        yield f"list_{name}", b"\0" + text
    for number, (file, name) in enumerate((("team/App.tar.gz", ""), ("x.tgz", "1"), ("x", "registry.example:5000/team/app:1@sha256:00"), ("x", "library/app"))):
        yield f"name{number}", b"\1" + piece(file) + bytes([number & 1]) + name.encode()
    files = {"0/layer.tar": layer, "c.json": config, "manifest.json": saved}
    for link, kind in (("../0/layer.tar", tarfile.SYMTYPE), ("0/layer.tar", tarfile.LNKTYPE)):
        yield f"saved_{kind.decode()}", b"\4" + tar_of(files, [("1/layer.tar", link, kind)])
    yield "packed", b"\4" + gzip.compress(tar_of(files, [("1/layer.tar", "../0/layer.tar", tarfile.SYMTYPE)]), mtime=0)
    yield "layout", b"\4" + tar_of({"./oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index, "blobs/sha256/" + digest(manifest)[7:]: manifest})
    yield "outside", b"\4" + tar_of({"../x": b""}, [("a", "../../b", tarfile.SYMTYPE)])
    sif_bytes = small_sif(b"bootstrap: scratch")
    yield "sif", b"\2\0" + sif_bytes
    yield "sif_behind_its_head", b"\2\1" + sif_bytes[48:]
    object_digests = {"relativeId": 0, "descriptorDigest": digest(b"d"), "objectDigest": digest(b"o")}
    yield "sif_signed", b"\3" + json.dumps({"version": 1, "header": {"digest": digest(b"h")}, "objects": [object_digests]}).encode()


def registry_seeds(root):
    for number, (path, query) in enumerate((("/", ""), ("/_catalog", "n=1&last=a"), ("/tiny/manifests/latest", "ns=docker.io"), ("/library/tiny/tags/list", "n=1"),
                                            ("/docker.io/library/tiny/tags/list", "n=2&last=1.0"), ("/snapshot/q4/tiny/manifests/1.0", ""),
                                            ("/tiny/referrers/sha256:" + "0" * 64, "artifactType=text/x"), ("/tiny/blobs/sha256:" + "a" * 64, ""))):
        yield f"path{number}", b"\0" + piece(path) + query.encode()
    for vector in json.loads((root / "tests/vectors/record.json").read_text())["vectors"]:
        held = [bytes.fromhex(content) for content in vector["held"]]
        if vector["ecosystem"] == "oci" and len(held) < 5 and ("fields" in vector or vector["refused"] in ("missing", "subject", "tag")):
            body = b"".join(bytes.fromhex(line.split(";")[0].strip()) for line in vector["bytes"] if "*" not in line)
            if len(body) <= MAX_VECTOR_BYTES:
                yield f"record_{vector['name']}", b"\1\1" + bytes([len(held)]) + b"".join(map(piece, held)) + body


def archive_seeds():
    digests = {name: hashlib.new(name, b"index").hexdigest() for name in ("md5", "sha1", "sha256", "sha512")}
    lists = "".join(f"{field}:\n {digests[name]} 5 main/binary-amd64/Packages\n {digests[name]} 5 main/binary-all/Packages.xz\n"
                    for field, name in (("MD5Sum", "md5"), ("SHA1", "sha1"), ("SHA256", "sha256"), ("SHA512", "sha512")))
    release = ("Origin: Odd\nLabel: Odd\nSuite: stable\nCodename: odd\nVersion: 1\nDate: Sat, 17 May 2025 09:02:41 UTC\nValid-Until: Sat, 24 May 2025 09:02:41 UTC\n"
               "Acquire-By-Hash: yes\nNo-Support-for-Architecture-all: Packages\nArchitectures: all amd64\nComponents: main contrib\n# a remark\n" + lists)
    stanza = (f"Package: odd\nSource: strange (1)\nVersion: 1:2.0-3+b1\nArchitecture: amd64\nProvides: a, b (= 1), c:any\nFilename: pool/o/odd_2.0.deb\nSize: 5\n"
              f"Description: odd\n more\n .\nSHA256: {digests['sha256']}\n")
    sources = ("Types: deb deb-src\nURIs: http://archive.example/debian/\nSuites: stable stable-updates\nComponents: main\nArchitectures: amd64\n"
               "Signed-By: /usr/share/keyrings/odd.gpg\n\nEnabled: no\nTypes: deb\n")
    key = base64.b64encode(b"\x99\x01\x0d" + bytes(range(60))).decode()
    armored = f"-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: odd\n\n{key}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"
    yield "release", b"\0" + release.encode()
    yield "packages", b"\1" + (stanza + "\n" + stanza.replace("pool/", "./pool/") + "\n").encode()
    yield "sources", b"\2" + sources.encode()
    yield "inline_key", b"\2" + (sources.replace("/usr/share/keyrings/odd.gpg", armored.replace("\n", "\n ")).replace("\n \n", "\n .\n")).encode()
    yield "list", b"\3deb [arch=amd64,all signed-by=/etc/odd.gpg] http://archive.example/debian stable main contrib # remark\ndeb-src http://x y z\n"
    yield "versions", b"\4" + piece("1:2.0~rc1-3") + piece("1:2.0-3+b1") + b"1:2.0"
    for number, packed in enumerate(("1f8b08000000000002034bcacc4b2caa04002c4c4d5a06000000", "28b52ffd040031000062696e6172790a", "425a683931415926535982d93e0b")):
        yield f"packed{number}", b"\5" + bytes.fromhex(packed)
    yield "plain", b"\5" + b"plain text"
    yield "keyring", b"\6" + armored.encode()
    yield "binary_keyring", b"\6" + b"\x99\x01\x0d" + bytes(range(30))
    yield "date", b"\7Sat, 17 May 2025 09:02:41 UTC"


def configuration_seeds(root):
    yield "low", b"\0" + b"""[daemon]
stream = "lab-low"
[keys]
receivers = ["high.pub"]
[link]
to = ["192.0.2.2:4700"]
rate = "500Mbit/s"
[[npm]]
name = "npm"
registry = "https://registry.example/"
want = ["odd@^1"]
"""
    yield "high", b"\1" + b"""[[stream]]
name = "lab-low"
key = "low.pub"
[link]
listen = ["192.0.2.2:4700"]
[[apt]]
archive = "debian"
keyrings = ["/usr/share/keyrings/odd.gpg"]
"""
    yield "values", b"\2" + b's = "a\\u00e9"\ni = -3\nf = 1.5e-3\nb = false\nd = "1h30m5s250ms"\nz = "4MiB"\nr = "1.5Gbit/s"\np = "../x"\nl = ["a", \'b\']\nq = ["c"]\n'
    yield "numbers", b"\2" + b"z = 4096\ni = 9223372036854775807\nf = inf\n"
    yield "ranges", b"\3" + b"3, 5-7,18446744073709551615"
    for vector in json.loads((root / "tests/vectors/resend-code.json").read_text())["vectors"]:
        yield f"resend_{vector['name']}", b"\x08" + vector["text"].encode()
    yield "resend_ranges", b"\x09\x03" + b"".join(struct.pack("<QBB", 1000 * at, 0, at) for at in range(1, 4))
    digest = hashlib.sha256(b"x").hexdigest()
    yield "urls", b"\4" + f"# list\n{digest}  https://files.example/a%20b.tar\n{digest} *https://files.example/c tools/c.run\n".encode()
    yield "files_cursor", b"\5" + json.dumps({"listed": {"a": "b"}, "taken": {"c": {"size": 1, "modified": 2, "inode": 3}}}).encode()
    point = base64.b64encode(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")).decode()
    yield "signing_key", b"\6" + f"sluice signing public key v1\n{point}\n".encode()
    yield "sealing_key", b"\6" + f"sluice sealing public key v1\n{point}\n".encode()
    yield "endpoint", b"\x07[2001:db8::1]:8080"
    yield "endpoint4", b"\x07127.0.0.1:0"


def http_seeds():
    for number, target in enumerate(("/npm/@types%2fodd?x=y", "http://[::1]:80/files/drop/a%20folder/", "*", "/a//b/../c", "/%zz", "https://h?q")):
        yield f"target{number}", b"\0" + target.encode()
    requests = ["GET /npm/@types%2fodd HTTP/1.1\r\nHost: h\r\nAccept: application/vnd.npm.install-v1+json\r\n\r\n",
                "GET /npm/@types/odd/-/odd-1.0.0.tgz HTTP/1.1\r\nHost: h:80\r\nRange: bytes=2-4\r\n\r\n",
                "POST /npm/-/npm/v1/security/advisories/bulk HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
                "POST /npm/-/npm/v1/security/audits/quick HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                "HEAD /files/drop/a%20folder/%3Cfile%3E.html HTTP/1.0\r\nIf-None-Match: \"x\", W/\"y\"\r\n\r\n",
                "GET http://h/files/ HTTP/1.1\r\nHost: other\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
                "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"]
    for number, request in enumerate(requests):
        yield f"request{number}", b"\1" + struct.pack("<H", 40) + request.encode()
    for place in range(12):
        yield f"ask{place}", b"\3" + bytes([place]) + piece("") + b"\0\2" + b"\1" + piece("bytes=1-2") + b"\2" + piece('"x"')
    yield "search", b"\3\3" + piece("odd+types&size=5&from=0")
    yield "by_hash", b"\3\7" + piece("SHA256/" + "0" * 64)
    for number, spec in enumerate(("0-4", "5-", "-3", "9999-", "18446744073709551615-", "0-1,3-4")):
        yield f"range{number}", b"\4\x20" + piece(spec) + b"\1" + piece('"tag"')
    for number, date in enumerate(("Sat, 31 Jan 2026 12:00:00 GMT", "Saturday, 31-Jan-26 12:00:00 GMT", "Sat Jan 31 12:00:00 2026")):
        yield f"date{number}", b"\5" + date.encode()


def publish_seeds():
    part = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    yield "form", b"\0\7" + part % (b"name", b"", b"acme-tool") + part % (b"content", b'; filename="a.whl"', b"\r\n--bytes\r\n-") + b"--b--\r\n"
    yield "form_odd", b"\0\1preamble\r\n--b \t\r\nX: y\r\ncontent-disposition:form-data;name=x\r\n\r\n\r\n--b--"
    tarball = base64.b64encode(b"tarball").decode()
    packument = {"_attachments": {"a-1.0.0.tgz": {"content_type": "x", "data": tarball, "length": 7}}, "name": "a", "dist-tags": {"latest": "1.0.0"},
                 "versions": {"1.0.0": {"name": "a", "version": "1.0.0", "n": [1, -2, 3.5, True, None]}}}
    yield "packument", b"\1\5" + json.dumps(packument).encode()
    yield "packument_escapes", b"\1\3" + rb'{"_attachments":{"\u0061.tgz":{"data":"AA\u0041="}}}'
    for number, pattern in enumerate(("pypi:Acme_*", "npm:@acme/*", "files:a/*/b", "oci:**a*b")):
        yield f"names{number}", b"\2\0" + piece("@acme/x") + piece(pattern) + piece("Bearer sluice_00")
    yield "boundary", b"\2\0" + piece("x") + piece("npm:x") + piece('multipart/form-data; charset=x; boundary="a b"')


def shipment_seeds(example):
    yield "manifest", b"\0" + example["manifest"]
    payload = example["manifest"][2:2 + 117]
    yield "payload", b"\1" + payload
    yield "built", b"\2" + bytes([1, 1, 5]) + bytes(8) + b"\1\1" + b"\2" + (b"\1" + b"A" + bytes(8) + b"\1\2\x40") + (b"\1" + b"B" + bytes(8) + b"\0") + b"\0"
    # Versions, each: tarball, which version, whole manifest, its digests, …; then time and further members.
    version = b"\0" + b"\1\0" + b"\1" + piece(',"description":"x"') + b"\2" + piece(',"fileCount":3') + b"\1\1" + b"\1\1"
    yield "npm", b"\3" + b"\1\1" + b"\1" + version + b"\1" + piece("1.0.0") + piece("2020-01-02T03:04:05Z") + b"\1" + piece('{"license":"MIT"}') + piece("")
    yield "npm_shasum", b"\3" + b"\1\0" + b"\1" + version.replace(b"\2" + piece(',"file'), b"\1" + piece(',"file')) + b"\0\0" + piece("")
    package = b"\1\0" + piece("Description: odd\n") + b"\1"
    yield "apt", b"\4" + b"\1" + package + b"\1" + piece("Components: main\n") + b"\1" + piece("") + b"\0" + b"\1\1" + b"\1\1\1" + piece("")
    yield "apt_detached", b"\4" + b"\2" + package + package.replace(b"\0", b"\1", 1) + b"\1" + piece("") + b"\1" + piece("") + b"\3" + b"\1\1" + b"\1" * 5 + piece("")
    file = b"\1\0\1\1" + piece(">=3.8") + b"\1" + piece("why") + piece("2024") + b"\1\1"
    yield "pypi", b"\6" + b"\1\1\2" + file + file.replace(b"\0", b"\1", 1) + piece("")
    yield "file", b"\5" + b"\1\1" + struct.pack("<q", 1_700_000_000_000_000) + b"\1\1" + piece("tools/x.run") + piece("")


def link_seeds(example):
    for name in ("symbol", "heartbeat", "announce"):
        yield "datagram", name, b"\0" + example[name]
    yield "datagram", "heartbeat_payload", b"\1" + bytes.fromhex("08c084b6c1c1c48203100118012202" "1001")
    yield "datagram", "built", b"\2\0" + bytes(24) + struct.pack("<IHBBI", 190, 80, 2, 1, 0)
    yield "block", "example", b"\0" + example["block"]
    block = example["block"]
    data_bytes = struct.unpack_from("<I", block, 8)[0]
    yield "block", "signed", b"\1" + piece(block[80:80 + data_bytes]) + block[80 + data_bytes:]
    yield "block", "built", b"\2\5" + b"\0\0" + piece("raw content") + b"\0\3" + piece("abc") + struct.pack("<H", 500) + b"\2" + struct.pack("<QBQI", 1, 1, 195, 0)
    yield "announce", "example", b"\0" + example["announce"][8:]
    yield "announce", "payload", b"\2" + example["announce"][8 + 3:8 + 3 + 133]
    keys = b"\0\0" + b"\1\1" + b"\0\2\5\1"
    yield "announce", "built", b"\7\1" + struct.pack("<QQqq", 3, 7, 1_700_000_000_000_000, 1_700_000_000_000_000) + b"\3" + keys + piece("")
    whole = b"".join(b"\1\0\0\1\0\1" + bytes([ordinal]) + b"A" for ordinal in range(3))
    yield "receive", "whole", b"\0\0" + whole + b"\4\0\0\1" + bytes(8) + bytes(16) + b"\0\1\4" + b"\x08\0\4"
    yield "receive", "sessions", b"\0\0" + whole + b"\0\1\0\2\0\3" + whole + b"\6\0\6\1\7\0\x08\0\3\0" + b"\x08\xff\x0f"


def vectors(root, structure):
    """The golden vectors of a structure: lines of hexadecimal, "aa *4" for four of them, a remark behind a semicolon."""
    for vector in json.loads((root / f"tests/vectors/{structure}.json").read_text())["vectors"]:
        data = b""
        for line in vector["bytes"]:
            digits, _, times = line.split(";")[0].partition("*")
            data += bytes.fromhex(digits) * int(times or 1)
        if len(data) <= MAX_VECTOR_BYTES:
            yield vector["name"], data


def vector_seeds(root):
    for structure, target, way in (("datagram", "datagram", b"\0"), ("heartbeat", "datagram", b"\1"), ("block", "block", b"\0"),
                                   ("manifest", "shipment", b"\0")):
        for name, data in vectors(root, structure):
            yield target, f"vector_{name}", way + data
    for name, data in vectors(root, "announce"):
        yield "announce", f"vector_{name}", b"\0" + data[8:]
    for name, data in vectors(root, "record"):
        if name.startswith("conda-"):
            yield "conda", f"vector_{name}", b"\1" + piece("Hello, closed network!\n") + b"\1" + piece(data) + b"lab/linux-64/tiny-1.0-py_0.conda"


def media_seeds(root):
    """Sectors, a manifest and a signature as they stand on a volume."""
    for name, data in vectors(root, "media-head"):
        yield f"head_{name}", b"\0" + data
    yield "written", b"\1" + struct.pack("<QHI", 1_780_000_000, 2, 3) + bytes(40)
    digest = hashlib.sha256(b"").hexdigest()
    listed = {"bundle": 1_780_000_000, "volume": 1, "stream": "lab-low", "format": "sluice-volume-1", "timestamp": "2026-05-28T20:26:40Z", "origin_user": "ann",
              "artifacts": [{"file": "data/00.sluice", "sha256": digest, "source": "lab-low shipments 1", "bytes": 1}], "shipments": "1", "stands_on": "",
              "volumes": [{"volume": 1, "sha256sums": digest, "bytes": 1, "shipments": "1"}], "sender": "", "receivers": [{"fingerprint": "a"}], "reason": "",
              "contents": [{"shipment": 1, "source": "s", "name": "n", "sha256": digest, "bytes": 1, "origin": "o"}], "contents_omitted": 0}
    yield "manifest", b"\2" + json.dumps(listed, indent=1).encode()
    yield "signature", b"\3untrusted comment: x\n" + base64.b64encode(b"ED" + bytes(72)) + b"\ntrusted comment: y\n" + base64.b64encode(bytes(64)) + b"\n"


def volume_seeds():
    """A small ISO 9660 file system behind its system area, and sectors of volumes."""
    def both(number):
        return struct.pack("<I", number) + struct.pack(">I", number)

    def record(sector, size, flags, name, more=b""):
        body = b"\0" + both(sector) + both(size) + bytes(7) + bytes([flags]) + bytes(6) + bytes([len(name)]) + name
        body += bytes((len(name) + 1) % 2) + more
        return bytes([len(body) + 1]) + body

    def folder(*records):
        return b"".join(records).ljust(2048, b"\0")
    long_name = b"NM" + bytes([5 + 14, 1, 0]) + b"00.sluice.data"[:14]
    root = (b"\1CD001\1".ljust(156, b"\0") + record(17, 2048, 2, b"\0")).ljust(2048, b"\0")
    top = folder(record(17, 2048, 2, b"\0"), record(17, 2048, 2, b"\1"), record(18, 2048, 2, b"DATA"),
                 record(19, 9, 0, b"TRANSFER.TXT;1"), record(19, 9, 0x80, b"LONG.BIN;1"), record(19, 9, 0, b"LONG.BIN;1"))
    below = folder(record(18, 2048, 2, b"\0"), record(17, 2048, 2, b"\1"), record(19, 9, 0, b"00.SLU;1", long_name))
    yield "file_system", b"\1" + root + top + below + b"a sheet.\n"
    yield "folder_in_itself", b"\1" + root + folder(record(17, 2048, 2, b"\0"), record(17, 2048, 2, b"\1"), record(17, 2048, 2, b"DATA"))
    yield "sectors", b"\0" + b"".join(b"\0" + bytes([5, 3, group, 8 * group]) + b"\1\0" + bytes([file]) + b"\2" + piece(b"x" * 100)
                                      for file in range(4) for group in range(2)) + b"\1\5\x64\0\0"
    yield "papers_changed", b"\0" + b"\0" + bytes([5, 3, 0, 0]) + b"\1\0\0" + b"\1\5\x64\0\1\x20\0\1"


def main():
    root, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    example = examples(root)
    groups = {"npm": npm_seeds(), "pypi": pypi_seeds(), "huggingface": huggingface_seeds(), "conda": conda_seeds(), "oci": oci_seeds(), "images": images_seeds(), "registry": registry_seeds(root), "archive": archive_seeds(), "configuration": configuration_seeds(root), "http": http_seeds(), "publish": publish_seeds(),
              "shipment": shipment_seeds(example), "media": media_seeds(root), "volume": volume_seeds()}
    seeds = [(target, name, data) for target, group in groups.items() for name, data in group] + list(link_seeds(example)) + list(
        vector_seeds(root))
    for target, name, data in seeds:
        folder = out / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"seed_{name}").write_bytes(data)
    print(f"{len(seeds)} seeds")


if __name__ == "__main__":
    main()
