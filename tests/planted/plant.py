#!/usr/bin/env python3
"""Plants bugs, one at a time, and says whether the test that is named for each catches it.

plant.py                plants each in a copy of this tree, builds and runs its test there: minutes
plant.py WORD           only those whose description has the word
plant.py --check        only whether each can still be planted and stands in docs/testing.md: for every change
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from bugs import BUGS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def check():
    wrong = []
    listed = re.sub(r"\s+", " ", (ROOT / "docs/testing.md").read_text())
    for bug in BUGS:
        found = (ROOT / bug.file).read_text().count(bug.old)
        if found != 1:
            wrong.append(f"{bug.name}: what it replaces stands {found} times in {bug.file}")
        if f"| {bug.name} | `{bug.test}` |" not in listed:
            wrong.append(f"{bug.name}: docs/testing.md has no row with it and `{bug.test}`")
    print("\n".join(wrong + [f"{len(BUGS)} bugs, {len(wrong)} faults"]))
    return 1 if wrong else 0


def run(tree, *command):
    return subprocess.run(command, cwd=tree, capture_output=True, text=True)


def caught(tree, bug):
    """None: it was. Otherwise what happened instead."""
    path = tree / bug.file
    whole = path.read_text()
    path.write_text(whole.replace(bug.old, bug.new))
    try:
        built = run(tree, "cmake", "--build", "--preset", "release", "--target", bug.target)
        if built.returncode != 0:
            return "it does not compile:\n" + built.stdout[-2000:]
        tested = run(tree, "ctest", "--preset", "release", "-R", "^" + re.escape(bug.test) + "($|/)")
        if "No tests were found" in tested.stdout + tested.stderr:
            return f"there is no test {bug.test}"
        return None if tested.returncode != 0 else f"{bug.test} passes with it"
    finally:
        path.write_text(whole)


def plant(bugs):
    missed = 0
    with tempfile.TemporaryDirectory(prefix="sluice-planted-") as folder:
        tree = pathlib.Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git"))
        run(tree, "cmake", "--preset", "release")
        for bug in bugs:
            problem = caught(tree, bug)
            missed += problem is not None
            print(f"{'caught' if problem is None else 'MISSED'}: {bug.name} ({bug.test})", flush=True)
            if problem:
                print("  " + problem, flush=True)
    print(f"{len(bugs)} planted, {missed} missed")
    return 1 if missed or not bugs else 0


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(check())
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.exit(plant([bug for bug in BUGS if word in bug.name]))
