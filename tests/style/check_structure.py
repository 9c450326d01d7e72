#!/usr/bin/env python3
"""Holds the tree against the architecture: who may include whom, which files are built and tested, how long files are, which hosts are named.

Usage: check_structure.py ROOT [--self-test]
Prints one line for each breach and exits 1 if there is any. --self-test plants breaches in a copy and checks that each is found.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# Folder -> what it may include of ours, besides itself. Generated messages count as "proto".
COMMON_EDGES = {
    "common/base": set(),
    "common/crypto": {"common/base"},
    "common/fec": {"common/base"},
    "common/wire": {"common/base", "common/crypto", "common/fec", "proto"},
    "common/media": {"common/base", "common/crypto", "common/fec", "common/wire"},
    "common/link/socket": {"common/base"},
    "common/link/send": {"common/base", "common/link/socket"},
    "common/link/receive": {"common/base", "common/link/socket"},
    "common/store": {"common/base", "proto"},
    "common/process": {"common/base"},
    "common/ecosystem/purl": {"common/base"},
    "common/ecosystem/npm": {"common/base"},
    "common/ecosystem/pypi": {"common/base"},
    "common/ecosystem/apt": {"common/base", "common/process"},
    "common/ecosystem/files": {"common/base"},
    "common/ecosystem/huggingface": {"common/base", "common/ecosystem/files"},
    "common/ecosystem/conda": {"common/base"},
    "common/ecosystem/oci": {"common/base"},
    "common/ecosystem/sif": {"common/base", "common/ecosystem/apt"},
    "common/config": {"common/base"},
    "common/observe": {"common/base"},
    "common/http": {"common/base", "common/observe"},
    "common/tune": {"common/base", "common/link/socket"},
    "common/service": {"common/base", "common/config", "common/observe", "common/http", "common/store"},
}
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "README.md", "common", "deploy", "docs", "highside", "lowside", "proto", "tests"}
# What a fuzzer makes of "registry.example" is no host.
SCRAMBLED = ("tests/fuzz/corpus/", "tests/fuzz/findings/")
SOURCE_ENDINGS = {".cpp", ".h", ".def"}
MAX_LINES = 600
LONGER_WITH_REASON = {}  # path -> why it may be longer

# Hosts that text may name: loopback, the names that RFC 2606 and RFC 6761 set aside, and addresses of standards.
ALLOWED_HOSTS = re.compile(
    r"^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|0\.0\.0\.0|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|.*\.(example|test|invalid|localhost|internal|lab)|example|"
    r"(.*\.)?example\.(com|org|net)|www\.rfc-editor\.org|www\.w3\.org|cyclonedx\.org|semver\.org|peps\.python\.org|json-schema\.org)$")
URL = re.compile(r"\b(?:https?|ftp)://(?:[^\s/\"'<>@]*@)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)")


def tracked_files(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    names = listed.stdout.split("\n") if listed.returncode == 0 and listed.stdout else [
        str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
    return sorted(name for name in names if name and (root / name).is_file())


def folder_of(path):
    """The architectural folder that a source path belongs to: the longest known one for common/, the stage for a side."""
    for folder in sorted(COMMON_EDGES, key=len, reverse=True):
        if path.startswith(folder + "/"):
            return folder
    parts = path.split("/")
    if parts[0] in ("lowside", "highside"):
        grouped = parts[1] in ("upstream", "mirror", "publish") and len(parts) > 3
        return "/".join(parts[:3 if grouped else 2])
    return "/".join(parts[:2])


def may_include(source, target):
    if source == target:
        return True
    side = source.split("/")[0]
    if side == "common":
        return target in COMMON_EDGES.get(source, set())
    if target.split("/")[0] in ("lowside", "highside") and target.split("/")[0] != side:
        return False
    if side == "highside" and target == "common/link/send":
        return False
    if side == "lowside" and target == "common/link/receive":
        return False
    if target == "proto" or target.startswith("common/"):
        return True
    return source.endswith("/daemon") or target == side + "/pipeline"


def check_includes(root, files):
    include = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
    for name in files:
        if name.split("/")[0] not in ("common", "lowside", "highside") or pathlib.Path(name).suffix not in SOURCE_ENDINGS:
            continue
        source = folder_of(name)
        for target_path in include.findall((root / name).read_text()):
            if target_path.startswith("sluice/") and target_path.endswith(".pb.h"):
                target = "proto"
            elif target_path.split("/")[0] in ("common", "lowside", "highside", "tests"):
                target = folder_of(target_path)
            else:
                continue
            if not may_include(source, target):
                yield f"{name}: {source} may not include {target} ({target_path})"
            elif target != "proto" and not (root / target_path).is_file():
                yield f"{name}: includes {target_path}, which is not there"


def check_links(root, files):
    """The high side links no code that sends datagrams, the low side none that receives them."""
    forbidden = {"highside": "common_link_send", "lowside": "common_link_receive"}
    for name in files:
        side = name.split("/")[0]
        if side in forbidden and name.endswith("CMakeLists.txt") and forbidden[side] in (root / name).read_text():
            yield f"{name}: {side} may not link {forbidden[side]}"


def check_outbound(root, files):
    """Nothing that the high side's daemon is made of opens a connection. Its subcommands talk to it through the two files that may."""
    clients = {"common/service/client.cpp", "common/service/control.cpp"}
    call = re.compile(r"\b(?:async_)?connect\s*\(|\bcurl_\w+\s*\(")
    for name in files:
        if not name.startswith(("common/", "highside/")) or name.startswith("common/link/send/") or name in clients:
            continue
        if pathlib.Path(name).suffix in SOURCE_ENDINGS and call.search((root / name).read_text()):
            yield f"{name}: the high side opens no connection"
        if name.endswith("CMakeLists.txt") and "CURL" in (root / name).read_text():
            yield f"{name}: the high side links no HTTP client"


def check_tests_registered(root, files):
    for name in files:
        path = pathlib.PurePosixPath(name)
        if not name.startswith("tests/"):
            continue
        listed = root / path.parent / "CMakeLists.txt"
        text = listed.read_text() if listed.is_file() else ""
        if path.name.endswith("_test.cpp") and "sluice_unit_tests(" not in text and path.name not in text:
            yield f"{name}: no CMakeLists.txt beside it registers it"
        if re.search(r"(_test|^test_.*)\.(sh|py)$", path.name) and path.name not in text:
            yield f"{name}: no CMakeLists.txt beside it registers it"
        if name.startswith("tests/unit/") and path.suffix == ".cpp" and not path.name.endswith("_test.cpp"):
            yield f"{name}: a unit test's file ends in _test.cpp; what tests share lies in tests/support"


def check_sizes(root, files):
    for name in files:
        if pathlib.Path(name).suffix in SOURCE_ENDINGS and name not in LONGER_WITH_REASON:
            lines = (root / name).read_text().count("\n")
            if lines > MAX_LINES:
                yield f"{name}: {lines} lines; above {MAX_LINES} wants a reason in {pathlib.Path(__file__).name}"


def check_top_level(_root, files):
    for entry in sorted({name.split("/")[0] for name in files}):
        if not entry.startswith(".") and entry not in TOP_LEVEL:
            yield f"{entry}: no such top-level entry in the architecture"


def hosts_of_this_machine():
    """The registries that this machine's npm and apt use; their names belong in settings, never in the tree."""
    texts = []
    try:
        texts.append(subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, timeout=60).stdout)
    except (OSError, subprocess.TimeoutExpired):
        pass
    for folder in (pathlib.Path("/etc/apt"), pathlib.Path("/etc/apt/sources.list.d")):
        if folder.is_dir():
            texts += [p.read_text(errors="replace") for p in folder.iterdir() if p.suffix in (".list", ".sources")]
    return {host.lower() for text in texts for host in URL.findall(text)} - {"localhost", "127.0.0.1"}


def check_hosts(root, files, machine_hosts):
    for name in files:
        if name.startswith(SCRAMBLED):
            continue
        try:
            text = (root / name).read_text()
        except UnicodeDecodeError:
            continue
        for host in URL.findall(text):
            # Without a dot it is a placeholder, such as "http://host/path".
            if "." in host and not ALLOWED_HOSTS.match(host.lower()):
                yield f"{name}: names the host {host}; addresses come from settings, examples use example.org"
        for host in machine_hosts:
            if host in text.lower():
                yield f"{name}: names a registry that this machine uses"


def breaches(root, machine_hosts):
    files = tracked_files(root)
    for check in (check_includes, check_links, check_outbound, check_tests_registered, check_sizes, check_top_level):
        yield from check(root, files)
    yield from check_hosts(root, files, machine_hosts)


def self_test(root):
    """Plants one breach of each kind and expects to see it."""
    plants = {
        "common/base/planted.h": ('#include "common/crypto/keys.h"\n', "may not include common/crypto"),
        "lowside/fetch/planted.cpp": ('#include "lowside/spool/spool.h"\n', "may not include lowside/spool"),
        "highside/catalog/planted.cpp": ('#include "lowside/pipeline/files.h"\n', "may not include lowside/pipeline"),
        "highside/receive/planted.cpp": ('#include "common/link/send/datagram_sink.h"\n', "may not include common/link/send"),
        "highside/receive/CMakeLists.txt": ("sluice_module(LINK sluice::common_link_send)\n", "may not link"),
        "highside/mirror/npm/planted.cpp": ("void f(int s) { connect(s, nullptr, 0); }\n", "opens no connection"),
        "highside/mirror/npm/CMakeLists.txt": ("sluice_module(LINK CURL::libcurl)\n", "links no HTTP client"),
        "common/base/gone.h": ('#include "common/base/no_such_file.h"\n', "not there"),
        "tests/lonely/planted_test.cpp": ("\n", "registers it"),
        "tests/lonely/planted_test.sh": ("\n", "registers it"),
        "common/base/long.cpp": ("\n" * (MAX_LINES + 1), "lines; above"),
        "docs/planted.md": ("see http" + "://registry.somewhere.org/x\n", "names the host"),
        "docs/planted2.md": ("the host is packages.planted-registry\n", "a registry that this machine uses"),
        "vendor/x.c": ("\n", "no such top-level entry"),
    }
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        copy = pathlib.Path(scratch) / "tree"
        copy.mkdir()
        for name in tracked_files(root):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, copy / name)
        for path, (text, expected) in plants.items():
            planted = copy / path
            before = planted.read_bytes() if planted.exists() else None
            planted.parent.mkdir(parents=True, exist_ok=True)
            planted.write_text(text)
            if not any(path.split("/")[0] in line and expected in line for line in breaches(copy, {"packages.planted-registry"})):
                print(f"self-test: a breach planted in {path} was not found ({expected})")
                failures += 1
            if before is None:
                planted.unlink()
            else:
                planted.write_bytes(before)
    return failures


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    found = list(breaches(root, hosts_of_this_machine()))
    for line in found:
        print(line)
    failures = len(found) + (self_test(root) if "--self-test" in sys.argv else 0)
    print(f"structure: {len(tracked_files(root))} files, {failures} breaches")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
