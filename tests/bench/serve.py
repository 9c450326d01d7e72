"""What serve.sh runs: a rig whose high side is filled over the link, the peers, and wrk."""
import json
import pathlib
import re
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
from clients_test import make_certificates  # noqa: E402
from oci_registry import MANIFEST, digest_of, image  # noqa: E402
from peers import DockerRegistry, Nginx, Verdaccio, ask  # noqa: E402
from python_index import JSON, PythonIndex  # noqa: E402
from rig import Failure, Rig, check, run  # noqa: E402
from scene import Scene  # noqa: E402
from upstreams import make_npm_package  # noqa: E402

NPM_VERSIONS = 200  # of the package
PYPI_VERSIONS = 12  # of the project: each is resolved by a pip of its own
CONNECTIONS = 64
SECONDS = 3
ROUNDS = 3
AIMS = {"nginx": 0.9, "verdaccio": 5, "docker-registry": 5}
SERVE_AS = "registry.example.org"


class Site(Scene):
    def _fill(self):
        self.layers = [(self.dice.randbytes(size), digest_of(b"")) for size in (10_000, 10_000_000)]  # what no registry unpacks
        self.image = image(self.layers)
        with DockerRegistry(self.folder / "registry") as registry:
            registry.push("many", self.image, ["1"])
        for name, size in (("10k", 10_000), ("10m", 10_000_000)):
            (self.drop / f"{name}.bin").write_bytes(self.dice.randbytes(size))
        index = PythonIndex(self.folder)
        for i in range(NPM_VERSIONS):
            make_npm_package(self.folder, "many", f"1.0.{i}", {}, b"x")
        aliases = {f"v{i}": f"npm:many@1.0.{i}" for i in range(NPM_VERSIONS)}  # all versions in one run of npm
        (self.folder / "package.json").write_text(json.dumps({"name": "all", "version": "1.0.0", "dependencies": aliases}))
        for i in range(PYPI_VERSIONS):
            index.add_wheel("many", f"1.{i}", payload=b"x")
            (self.folder / f"requirements-{i}.txt").write_text(f"many==1.{i}\n")

    def low(self, registry):
        python = {"name": "python", "index": f"http://127.0.0.1:{self.port}/pypi/simple/", "python": "/usr/bin/python3", "interval": "1h",
                  "targets": ["3.11/manylinux_2_28_x86_64"], "files": [self.folder / f"requirements-{i}.txt" for i in range(PYPI_VERSIONS)]}
        npm = {"name": "npm", "registry": f"http://127.0.0.1:{self.port}/npm/", "files": [self.folder / "package.json"], "interval": "1h"}
        drop = {"name": "drop", "collection": "drop", "folder": self.drop, "settle": "0s", "interval": "1h"}
        images = {"name": "images", "registry": registry.root, "serve_as": SERVE_AS, "want": ["many:1"], "interval": "1h"}
        return [("[npm]", npm), ("[files]", drop), ("[pypi]", python), ("[oci]", images)]


def load(url, accept):
    """Answers a second that wrk gets."""
    fields = ["-H", f"Accept: {accept}"] if accept else []
    text = run("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *fields, url).stdout
    check("Non-2xx" not in text and "Socket errors" not in text, f"wrk {url}\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))


def compare(case, ours, theirs, peer, accept=""):
    """In turn, so that what disturbs one disturbs the other."""
    rates = [(load(ours, accept), load(theirs, accept)) for _ in range(ROUNDS)]
    sluice_rps, peer_rps = (statistics.median(side) for side in zip(*rates))
    return {"case": case, "sluice_rps": round(sluice_rps), "peer": peer.name, "peer_rps": round(peer_rps), "ratio": round(sluice_rps / peer_rps, 2),
            "aim": AIMS[peer.name]}


class Bench:
    def __init__(self, rig, site, folder, secure):
        self.rig, self.site, self.folder, self.secure = rig, site, folder, secure
        self.root = f"{'https' if secure else 'http'}://127.0.0.1:{rig.serve}"
        self.certificate = (rig.folder / "high.pem", rig.folder / "high.key") if secure else None

    def _nginx(self, case, path, extension, media_type, accept=""):
        ours = self.root + path
        files = self.folder / "files"
        files.mkdir(exist_ok=True)
        (files / f"same{extension}").write_bytes(ask(ours, headers={"Accept": accept} if accept else {}))
        with Nginx(files, {extension[1:]: media_type}, self.certificate) as nginx:
            return compare(case, ours, f"{nginx.root}/same{extension}", nginx, accept)

    def file_10k(self, case):
        return self._nginx(case, "/files/drop/10k.bin", ".bin", "application/octet-stream")

    def file_10m(self, case):
        return self._nginx(case, "/files/drop/10m.bin", ".bin", "application/octet-stream")

    def pypi_index(self, case):
        return self._nginx(case, "/pypi/simple/many/", ".json", JSON, JSON)

    def _docker_registry(self, case, path, accept=""):
        with DockerRegistry(self.site.folder / "registry", self.certificate) as peer:
            return compare(case, f"{self.root}/v2/{SERVE_AS}/many/{path}", f"{peer.root}/v2/many/{path}", peer, accept)

    def oci_manifest(self, case):
        return self._docker_registry(case, "manifests/1", MANIFEST)

    def oci_blob_10k(self, case):
        return self._docker_registry(case, f"blobs/{digest_of(self.site.layers[0][0])}")

    def oci_blob_10m(self, case):
        return self._docker_registry(case, f"blobs/{digest_of(self.site.layers[1][0])}")

    def npm_packument(self, case):
        installed = self.folder / "verdaccio"
        if not installed.exists():
            installed.mkdir()
            Verdaccio.install(installed)
        with Verdaccio(installed, self.certificate) as verdaccio:
            for i in range(NPM_VERSIONS):
                verdaccio.publish({"name": "many", "version": f"1.0.{i}"}, b"x" * 200)
            return compare(case, f"{self.root}/npm/many", f"{verdaccio.root}/many", verdaccio, "application/json")


CASES = {"file-10k": Bench.file_10k, "file-10m": Bench.file_10m, "pypi-index": Bench.pypi_index, "npm-packument": Bench.npm_packument,
         "oci-manifest": Bench.oci_manifest, "oci-blob-10k": Bench.oci_blob_10k, "oci-blob-10m": Bench.oci_blob_10m}


def fill(rig, site, registry):
    site.wait_until_up(rig)
    rig.configure("low", site.low(registry))
    rig.start("high")
    rig.start("low")

    def held():
        try:
            packument = json.loads(ask(f"http://127.0.0.1:{rig.serve}/npm/many"))
            index = json.loads(ask(f"http://127.0.0.1:{rig.serve}/pypi/simple/many/", headers={"Accept": JSON}))
            ask(f"http://127.0.0.1:{rig.serve}/files/drop/10m.bin")
            ask(f"http://127.0.0.1:{rig.serve}/v2/{SERVE_AS}/many/manifests/1", headers={"Accept": MANIFEST})
        except OSError:
            return False
        return len(packument["versions"]) == NPM_VERSIONS and len(index["files"]) == PYPI_VERSIONS
    rig.wait_until(held, "the high side holds everything")
    rig.stop("low")


def serve_by_tls(rig):
    make_certificates(rig.folder)
    rig.configure("high", override={"serve": {"tls_certificate": rig.folder / "high.pem", "tls_key": rig.folder / "high.key",
                                              "tls_authority": rig.folder / "ca.pem"}})
    rig.stop("high")
    rig.start("high")


def main(arguments):
    as_json = "--json" in arguments
    known = [name + suffix for suffix in ("", "-tls") for name in CASES]
    cases = [argument for argument in arguments if argument != "--json"] or known
    unknown = [case for case in cases if case not in known]
    if unknown:
        sys.exit(f"serve.sh: no case {', '.join(unknown)}: there are {', '.join(known)}")
    with tempfile.TemporaryDirectory(prefix="sluice-serve-") as folder, Site() as site, Rig(rate="1Gbit/s") as rig:
        with DockerRegistry(site.folder / "registry") as registry:
            fill(rig, site, registry)
        for secure in (False, True):
            chosen = [case for case in cases if case.endswith("-tls") == secure]
            if secure and chosen:
                serve_by_tls(rig)
            bench = Bench(rig, site, pathlib.Path(folder), secure)
            for case in chosen:
                result = CASES[case.removesuffix("-tls")](bench, case)
                print(json.dumps(result) if as_json else "  ".join(f"{key} {value}" for key, value in result.items()), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failure as failure:
        sys.exit(str(failure))
