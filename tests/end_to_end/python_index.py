"""A simple index of Python packages on loopback: wheels and source archives that pip takes, made here, served as HTML or JSON.

A project is FOLDER/pypi/<normalised name>/: its files, and beside each <file>.json what the index says of it.
"""
import base64
import hashlib
import html
import io
import json
import pathlib
import re
import tarfile
import zipfile

JSON = "application/vnd.pypi.simple.v1+json"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content makes the same bytes


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def core_metadata(name, version, needs=(), extras=None, python="", metadata_version="2.1"):
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {python}"] if python else []
    lines += [f"Requires-Dist: {need}" for need in needs]
    for extra, more in (extras or {}).items():
        lines += [f"Provides-Extra: {extra}"] + [f"Requires-Dist: {need}; extra == '{extra}'" for need in more]
    return "\n".join(lines) + f"\n\nWhat {name} {version} is for.\n"


def metadata_of(wheel):
    """The METADATA in a wheel's bytes."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return next(archive.read(name) for name in archive.namelist() if name.endswith(".dist-info/METADATA"))


class PythonIndex:
    def __init__(self, folder, host=""):
        """`host`: as clients address it, where it is served."""
        self.folder = pathlib.Path(folder) / "pypi"
        self.host = host

    def add_wheel(self, name, version, needs=(), tags="py3-none-any", extras=None, python="", payload=b"", **says):
        """`says`: what the page says otherwise than it is: yanked, size, sha256, …"""
        stem = f"{name.replace('-', '_')}-{version}"
        module = name.replace("-", "_").lower()
        metadata = core_metadata(name, version, needs, extras, python)
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w") as archive:
            for path, content in ((f"{module}.py", f"version = {version!r}\n".encode()), (f"{module}_data/payload.bin", payload),
                                  (f"{stem}.dist-info/METADATA", metadata.encode()),
                                  (f"{stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tags}\n".encode()),
                                  (f"{stem}.dist-info/RECORD", f"{module}.py,,\n{stem}.dist-info/METADATA,,\n{stem}.dist-info/WHEEL,,\n"
                                                               f"{stem}.dist-info/RECORD,,\n".encode())):
                archive.writestr(zipfile.ZipInfo(path, EPOCH), content)
        says = {"core-metadata": {"sha256": hashlib.sha256(metadata.encode()).hexdigest()}, **({"requires-python": python} if python else {}), **says}
        return self._add(name, f"{stem}-{tags}.whl", raw.getvalue(), says)

    def add_source(self, name, version, needs=(), metadata_version="2.2", **says):
        stem = f"{name.replace('-', '_')}-{version}"
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w:gz") as archive:
            for path, content in (("PKG-INFO", core_metadata(name, version, needs, metadata_version=metadata_version)),
                                  ("setup.py", f"from setuptools import setup\nsetup(name={name!r}, version={version!r}, py_modules=[])\n")):
                entry = tarfile.TarInfo(f"{stem}/{path}")
                entry.size = len(content.encode())
                archive.addfile(entry, io.BytesIO(content.encode()))
        return self._add(name, f"{stem}.tar.gz", raw.getvalue(), says)

    def _add(self, name, filename, content, says):
        place = self.folder / normalise(name)
        place.mkdir(parents=True, exist_ok=True)
        (place / filename).write_bytes(content)
        entry = {"filename": filename, "hashes": {"sha256": hashlib.sha256(content).hexdigest()}, "size": len(content),
                 "upload-time": "2024-01-02T03:04:05.678900Z", **says}
        (place / f"{filename}.json").write_text(json.dumps(entry))
        return filename

    def says(self, name, filename, **changes):
        """Changes what the page says of a file."""
        note = self.folder / normalise(name) / f"{filename}.json"
        fresh = note.with_suffix(".new")
        fresh.write_text(json.dumps({**json.loads(note.read_text()), **changes}))
        fresh.rename(note)

    def attest(self, name, filename):
        """Keeps provenance of a file beside it (PEP 740), and says so."""
        place = self.folder / normalise(name)
        statement = json.dumps({"_type": "statement", "subject": [{"name": filename, "digest": {
            "sha256": hashlib.sha256((place / filename).read_bytes()).hexdigest()}}], "predicate": None})
        text = json.dumps({"version": 1, "attestation_bundles": [{"publisher": {"kind": "builder"}, "attestations": [
            {"version": 1, "verification_material": {}, "envelope": {"statement": base64.b64encode(statement.encode()).decode(), "signature": "MAo="}}]}]}).encode()
        (place / f"{filename}.provenance").write_bytes(text)
        return text

    def contents(self):
        """The bytes of every file, by name."""
        return {path.name: path.read_bytes() for path in self.folder.glob("*/*") if path.suffix in (".whl", ".gz")}

    def answer(self, path, accept):
        """(status, content, headers) for what stands behind /pypi/ in a request's path."""
        parts = path.strip("/").split("/")
        if len(parts) == 2 and parts[0] == "simple" and (self.folder / parts[1]).is_dir():
            page = self._json(parts[1]) if JSON in accept else self._html(parts[1])
            return 200, page.encode(), {"Content-Type": JSON if JSON in accept else "text/html"}
        if len(parts) == 3 and parts[0] == "files":
            file = self.folder / parts[1] / parts[2]
            if file.is_file() and file.suffix != ".json":
                return 200, file.read_bytes(), {"Content-Type": "application/octet-stream"}
        return 404, b"not found", {}

    def _entries(self, project):
        return [json.loads(note.read_text()) for note in sorted((self.folder / project).glob("*.json"))]

    def _provenance(self, project, entry):
        file = f"{entry['filename']}.provenance"
        return {"provenance": f"http://{self.host}/pypi/files/{project}/{file}"} if (self.folder / project / file).exists() else {}

    def _json(self, project):
        files = [{**entry, "url": f"/pypi/files/{project}/{entry['filename']}", **self._provenance(project, entry)} for entry in self._entries(project)]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": files})

    def _html(self, project):
        lines = []
        for entry in self._entries(project):
            more = f' data-requires-python="{html.escape(entry["requires-python"])}"' if entry.get("requires-python") else ""
            more += f' data-yanked="{html.escape(str(entry["yanked"]))}"' if entry.get("yanked") else ""
            lines.append(f'<a href="../../files/{project}/{entry["filename"]}#sha256={entry["hashes"]["sha256"]}"{more}>{entry["filename"]}</a>')
        return "<!DOCTYPE html><html><body>\n" + "<br>\n".join(lines) + "\n</body></html>"
