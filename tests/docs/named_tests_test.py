#!/usr/bin/env python3
"""Every test that a document names exists: `unit.<folder>.<Suite>.<Name>`, `integration.apt.<Suite>.<Name>`, `<label>.<name>`, and `Suite.Name` in storage.md.

Usage: named_tests_test.py ROOT
"""
import pathlib
import re
import sys

TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")


INSTANCE = re.compile(r"\bINSTANTIATE_TEST_SUITE_P\(\s*(\w+)\s*,\s*(\w+)\s*,")


def tests_below(folder):
    """As ctest lists them, but without the parameter at the end of a name."""
    text = "".join(path.read_text() for path in folder.glob("*.cpp"))
    instances = {}
    for prefix, suite in INSTANCE.findall(text):
        instances.setdefault(suite, []).append(prefix + "/")
    return {f"{prefix}{suite}.{name}" for suite, name in TEST.findall(text) for prefix in instances.get(suite, [""])}


def main():
    root = pathlib.Path(sys.argv[1])
    known = {f"unit.{listed.parent.relative_to(root / 'tests/unit')}.{test}"
             for listed in (root / "tests/unit").rglob("CMakeLists.txt") for test in tests_below(listed.parent)}
    known |= {f"integration.apt.{test}" for test in tests_below(root / "tests/integration")}
    known |= {f"survival.{test}" for test in tests_below(root / "tests/survival")}
    short = {re.search(r"\w+\.\w+$", name).group() for name in known}
    for listed in (root / "tests").glob("*/CMakeLists.txt"):
        text = listed.read_text()
        known |= set(re.findall(r"add_test\(NAME ([\w.]+) ", text))
        known |= {f"{listed.parent.name}.{script}" for script in re.findall(r"\b(\w+_test)\.py\b", text)}
    named = [(document, name) for document in ("docs/architecture.md", "docs/testing.md", "docs/link-tuning.md")
             for name in re.findall(r"`((?:unit|integration|end_to_end|crash|planted|style|deploy|docs|vectors|survival)\.[\w./]+)`", (root / document).read_text())]
    missing = [f"{document}: {name}" for document, name in named if name not in known]
    listed = re.findall(r"`(\w+Test\.\w+)`", (root / "docs/storage.md").read_text())
    missing += [f"docs/storage.md: {name}" for name in listed if name not in short]
    for name in missing:
        print(f"no such test: {name}")
    print(f"{len(named) + len(listed)} tests are named, {len(missing)} do not exist")
    return 1 if missing or len(named) < 10 or not listed else 0


if __name__ == "__main__":
    sys.exit(main())
