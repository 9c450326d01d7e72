"""A conda channel as a folder: packages of both kinds as conda-build makes them, and the repodata.json that conda-index makes of them."""
import bz2
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile
import zipfile

DEBIAN_PYTHON = "/usr/bin/python3"  # has python3-zstandard


def zstd(data, verb="compress"):
    """Also what is written as a stream, without its size in the head."""
    code = {"compress": "ZstdCompressor().compress(d)", "decompress": "ZstdDecompressor().decompressobj().decompress(d)"}[verb]
    program = f"import sys, zstandard; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(zstandard.{code})"
    return subprocess.run([DEBIAN_PYTHON, "-c", program], input=data, capture_output=True, check=True).stdout


def tar(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime = len(content), 0
            archive.addfile(entry, io.BytesIO(content))
    return raw.getvalue()


def package(file, about, payload):
    """The file's bytes: a zip of two tars, or the older tar of everything."""
    info = {"info/index.json": json.dumps(about).encode()}
    content = {"lib/payload.bin": payload}
    if not file.endswith(".conda"):
        return bz2.compress(tar({**info, **content}))
    raw, stem = io.BytesIO(), file.removesuffix(".conda")
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        archive.writestr(f"pkg-{stem}.tar.zst", zstd(tar(content)))
        archive.writestr(f"info-{stem}.tar.zst", zstd(tar(info)))
    return raw.getvalue()


def about_of(data):
    """What a package says of itself, as conda reads it after unpacking."""
    if data[:2] != b"PK":
        return json.load(tarfile.open(fileobj=io.BytesIO(bz2.decompress(data))).extractfile("info/index.json"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inner = next(name for name in archive.namelist() if name.startswith("info-"))
        return json.load(tarfile.open(fileobj=io.BytesIO(zstd(archive.read(inner), "decompress"))).extractfile("info/index.json"))


class CondaChannel:
    """At FOLDER, with a subdir for each platform."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.indexes = {}

    def index(self, subdir):
        return self.indexes.setdefault(subdir, {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}, "removed": [], "repodata_version": 1})

    def add(self, subdir, name, version="1.0", build="h1_0", ending=".conda", depends=(), payload=b"", **more):
        file = f"{name}-{version}-{build}{ending}"
        about = {"name": name, "version": version, "build": build, "build_number": 0, "depends": list(depends), "subdir": subdir}
        data = package(file, about, payload)
        place = self.folder / subdir / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        proofs = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        self.index(subdir)["packages.conda" if ending == ".conda" else "packages"][file] = {**about, "timestamp": 1700000000000, **proofs, **more}
        return file

    def remove(self, subdir, file):
        index = self.index(subdir)
        index["packages"].pop(file, None) or index["packages.conda"].pop(file)
        index["removed"].append(file)
        (self.folder / subdir / file).unlink()

    def publish(self, packed=True):
        for subdir, index in self.indexes.items():
            text = json.dumps(index, indent=2).encode()
            (self.folder / subdir / "repodata.json").write_bytes(text)
            if packed:
                (self.folder / subdir / "repodata.json.zst").write_bytes(zstd(text))

    def files(self, subdir):
        """{name: bytes} of what the index lists."""
        index = self.index(subdir)
        return {file: (self.folder / subdir / file).read_bytes() for file in [*index["packages"], *index["packages.conda"]]}
