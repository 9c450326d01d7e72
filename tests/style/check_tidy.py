#!/usr/bin/env python3
"""clang-tidy finds nothing. check_tidy.py ROOT BUILD_DIR CLANG_TIDY [FILE ...]

Reads BUILD_DIR/compile_commands.json; generated headers must have been built. With files, only their folders are checked.

Nearly all of clang-tidy's time goes into the library headers that a file includes, so the files of a folder, which are compiled with the same flags, are read as one unit that
includes them all. Where names in two files of a folder clash, the folder is read file by file. A unit that was clean is not read again until one of its files, a header of this
project that it includes, .clang-tidy or clang-tidy itself changes; the stamps are in BUILD_DIR/tidy.

Run it by hand: from nothing, common, lowside and highside alone take more than six minutes on two cores, so it is no test of ctest.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
# The dialect of g++ that clang does not know: the precompiled header, and warnings, which are g++'s to give.
FOREIGN = re.compile(r"-W.*|.*cmake_pch\.hxx|-include")


def commands(root, build):
    """The project's own sources by folder: {folder: {file: arguments}}"""
    folders = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if not file.is_relative_to(root) or file.is_relative_to(build) or file.suffix != ".cpp":
            continue
        words = shlex.split(entry["command"])
        compiler = next(i for i, word in enumerate(words) if re.fullmatch(r"(.*/)?(c|g|clang)\+\+(-\d+)?", word))
        end = words.index("-o")
        arguments = [word for word in words[compiler + 1 : end] if not FOREIGN.fullmatch(word)]
        folders.setdefault(file.parent, {})[file] = arguments
    return folders


def inputs(files, roots):
    """The files and every header of the project that they include, directly or not."""
    seen, waiting = set(), list(files)
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in INCLUDE.findall(file.read_text()):
            waiting += [path for path in (base / name for base in [file.parent, *roots]) if path.is_file()][:1]
    return sorted(seen)


class Tidy:
    def __init__(self, root, build, program):
        self.root, self.build, self.program = root, build, program
        self.work = build / "tidy"
        self.work.mkdir(exist_ok=True)
        version = subprocess.run([program, "--version"], check=True, capture_output=True).stdout
        self.salt = version + (root / ".clang-tidy").read_bytes() + Path(__file__).read_bytes()

    def run(self, source, arguments):
        command = [self.program, "--quiet", f"--config-file={self.root}/.clang-tidy", str(source), "--", "-xc++", *arguments]
        result = subprocess.run(command, cwd=self.build, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return result.returncode, result.stdout

    def check(self, folder, files):
        """What clang-tidy says about the folder; empty when it is clean."""
        name = str(folder.relative_to(self.root)).replace("/", "_")
        sources = sorted(files)
        roots = [self.root, self.build, self.build / "proto"]
        digest = hashlib.sha256(self.salt + json.dumps([files[source] for source in sources]).encode())
        for file in inputs(sources, roots):
            digest.update(f"{file}\n".encode() + file.read_bytes())
        stamp = self.work / f"{name}.clean"
        if stamp.is_file() and stamp.read_text() == digest.hexdigest():
            return ""
        unit = self.work / f"{name}.cpp"
        unit.write_text("".join(f'#include "{source}"  // NOLINT\n' for source in sources))
        code, found = self.run(unit, max(files.values(), key=len))
        if "[clang-diagnostic-error]" in found and len(sources) > 1:
            runs = [self.run(source, files[source]) for source in sources]
            code, found = max(run[0] for run in runs), "".join(run[1] for run in runs)
        if code == 0:
            stamp.write_text(digest.hexdigest())
            return ""
        return found or f"{folder}: {self.program} ended with {code}\n"


def main():
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    tidy = Tidy(root, build, sys.argv[3])
    folders = commands(root, build)
    if len(sys.argv) > 4:
        wanted = {Path(file).resolve().parent for file in sys.argv[4:]}
        folders = {folder: files for folder, files in folders.items() if folder in wanted}
    if not folders:
        sys.exit(f"{build}/compile_commands.json names no source to check")
    clean = True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda item: tidy.check(*item), folders.items()):
            if found:
                clean = False
                print(found, flush=True)
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
