#!/usr/bin/env python3
"""Holds docs/limits.md against the code: every limit, every setting with a number and every container that lives on is listed, with the number that the code has.

Usage: check_limits.py ROOT [--self-test] [--table]
Prints one line for each difference and exits 1 if there is any. --self-test changes a copy and checks that each change is found.
--table writes C++ lines that compare the document with what the compiler made of the headers' constants and settings.
"""
import pathlib
import re
import sys

FOLDERS = ("common", "lowside", "highside")
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "ns": 1, "µs": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9,
         "d": 86400 * 10**9}
CHRONO = {"nanoseconds": 1, "microseconds": 10**3, "milliseconds": 10**6, "seconds": 10**9, "minutes": 60 * 10**9, "hours": 3600 * 10**9, "days": 86400 * 10**9}
NUMBER_TYPE = r"(?:std::chrono::\w+|std::u?int\w+_t|std::uintmax_t|std::size_t|unsigned(?: long)?|int|long|auto)"
CONSTANT = re.compile(rf"\bconstexpr ({NUMBER_TYPE}) (k[A-Z]\w*)\s*(?:=\s*([^;]+)|\{{([^;]*)\}});")
STRUCT = re.compile(r"^\s*struct (\w*(?:Settings|Limits|Options|Command)) \{\n(.*?)^\s*\};", re.M | re.S)
FIELD = re.compile(rf"^\s*({NUMBER_TYPE}) (\w+)\s*(?:=\s*([^;]+)|\{{([^;]*)\}});", re.M)
CONTAINER = re.compile(r"^\s*(?:mutable )?(?:std::(?:deque|queue|vector|list|map|set|unordered_map|unordered_set|unordered_multimap|multimap|priority_queue|string)(?:<[^;]*>)?|Bytes|DecoderPool)"
                       r"\s+(\w+_)(?:\s*=\s*[^;]+|\{[^;]*\})?;", re.M)


class Code:
    """What the sources have: (file, name) -> number in the smallest unit, or none where it cannot be told."""

    def __init__(self, root):
        self.texts = {str(path.relative_to(root)): re.sub(r"//[^\n]*", "", path.read_text())
                      for folder in FOLDERS for path in sorted((root / folder).rglob("*")) if path.suffix in (".h", ".cpp")}
        self.expressions = {}
        for file, text in self.texts.items():
            for kind, name, one, other in CONSTANT.findall(text):
                self.expressions[file, name] = kind, one or other
            for struct, body in STRUCT.findall(text):
                for kind, name, one, other in FIELD.findall(body):
                    self.expressions[file, f"{struct}.{name}"] = kind, one or other
        self.numbers = {key: self.evaluate(*key) for key in self.expressions}
        self.containers = {(file, name) for file, text in self.texts.items() for name in CONTAINER.findall(text)}

    def evaluate(self, file, name):
        kind, text = self.expressions[file, name]
        text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text)
        text = re.sub(r"std::chrono::(\w+)[({]((?:[^(){}]|\([^()]*\))*)[)}]", lambda m: f"(({m[2]}) * {CHRONO[m[1]]})", text)
        text = re.sub(r"std::\w+\{([^{}]*)\}", r"(\1)", text)
        text = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", text)
        text = re.sub(r"(?:\w+::)*\b(k[A-Z]\w*)", lambda m: str(self.named((file, name), m[1])), text)
        try:
            value = eval(text, {"__builtins__": {}})  # arithmetic of this repository's own sources
        except (SyntaxError, NameError, TypeError):
            return None
        named = "std::chrono::" in self.expressions[file, name][1]  # then it is in nanoseconds already
        return None if not isinstance(value, int) else value if named else value * CHRONO.get(kind.removeprefix("std::chrono::"), 1)

    def named(self, asking, name):
        """The constant of that name in the same file, or one of a header."""
        found = [key for key in self.expressions if key[1] == name and key != asking and (key[0] == asking[0] or key[0].endswith(".h"))]
        found = [key for key in found if key[0] == asking[0]] or found
        return self.evaluate(*found[0]) if found else name


class Document:
    """Rows of three: `name` number, where. A container's bound is words. What is no limit is listed by file."""

    def __init__(self, text):
        self.limits, self.containers, self.others, self.problems = {}, {}, set(), []
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("| `") else []
            if len(cells) == 5:
                self.limits[cells[2].strip("`"), cells[0].strip("`").split("::")[-1]] = cells
            elif len(cells) == 4:
                self.containers[cells[1].strip("`"), cells[0].strip("`")] = cells
            elif cells:
                self.problems.append(f"a row of {len(cells)} cells: {line[:60]}")
            listed = re.match(r"- `([\w/.]+)`: (.*)", line)
            if listed:
                self.others |= {(listed[1], name) for name in re.findall(r"`([\w.]+)`", listed[2])}
        for cells in (*self.limits.values(), *self.containers.values()):
            if not all(cells):
                self.problems.append(f"{cells[0]} has an empty cell")


def number_of(text):
    found = re.match(r"([\d ]*\d)(?: (\S+))?", text)
    return int(found[1].replace(" ", "")) * UNITS.get(found[2], 1) if found else None


def differences(code, document):
    yield from document.problems
    for key, value in code.numbers.items():
        file, name = key
        if key in document.limits:
            stated = document.limits[key][1]
            if value is None and stated != "see there" or value is not None and number_of(stated) != value:
                yield f"{file}: {name} is {value}, docs/limits.md says {stated}"
        elif key not in document.others:
            yield f"{file}: {name} is not in docs/limits.md"
    for file, name in code.containers:
        if (file, name) not in document.containers and (file, name) not in document.others:
            yield f"{file}: {name} holds things and is not in docs/limits.md"
    for key in document.limits.keys() - code.numbers.keys():
        yield f"docs/limits.md: {key[0]} has no {key[1]}"
    for key in document.containers.keys() - code.containers:
        yield f"docs/limits.md: {key[0]} has no {key[1]}"
    for key in document.others - code.containers - code.numbers.keys():
        yield f"docs/limits.md: {key[0]} has no {key[1]}"


def is_private(text, name):
    """Whether what a header declares of that name stands behind "private:" of its class."""
    before = text[:re.search(rf"\b{name.split('.')[0]}\b\s*(?:=|\{{)", text).start()]
    return max((before.rfind(word), word) for word in ("private:", "public:", "\nclass ", "\nnamespace "))[1] == "private:"


def table(code, document):
    """Of what a header has: name, number of the document, number of the compiler."""
    rows = [(file, name, cells) for (file, name), cells in sorted(document.limits.items())
            if file.endswith(".h") and cells[1] != "see there" and not is_private(code.texts[file], name)]
    yield from (f'#include "{file}"' for file in sorted({file for file, _, _ in rows}))
    yield "// clang-format off"
    yield "#define SLUICE_LIMITS \\"
    for file, name, cells in rows:
        struct, _, field = ("sluice::" + cells[0].strip("`")).partition(".")
        yield f'  {{"{file} {name}", {number_of(cells[1])}, number({f"{struct}{{}}.{field}" if field else struct})}}, \\'
    yield ""


def self_test(root, text):
    """Each change of the code or of the document is found."""
    code, document = Code(root), Document(text)
    some = next(key for key, value in code.numbers.items() if key in document.limits and value)
    failures = []

    def expect(what, changed_code, changed_document):
        if not list(differences(changed_code, changed_document)):
            failures.append(f"self-test: {what} was not found")
    changed = Code(root)
    changed.numbers[some] += 1
    expect("another number", changed, document)
    for planted, name in (("constexpr std::size_t kPlanted = 7;", "kPlanted"), ("struct PlantedSettings {\n  unsigned planted = 7;\n};", "planted"),
                          ("  std::deque<int> planted_;", "planted_")):
        extended = Code(root)
        found = CONSTANT.findall(planted) or [m for s in STRUCT.findall(planted) for m in FIELD.findall(s[1])] or CONTAINER.findall(planted)
        if not found:
            failures.append(f"self-test: {planted} is not seen")
        extended.numbers["common/base/planted.h", name] = 7
        expect(f"a new {name}", extended, document)
    row = next(line for line in text.splitlines() if line.startswith("| `") and some[1].split(".")[-1] in line and some[0] in line)
    expect("a missing row", code, Document(text.replace(row, "")))
    expect("a row without a reason", code, Document(text.replace(row, "|".join(row.split("|")[:-3]) + "| | |")))
    expect("a row of something that is gone", code, Document(text + "\n| `kGone` | 7 | `common/base/gone.h` | x | y |\n"))
    return failures


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    text = (root / "docs/limits.md").read_text() if (root / "docs/limits.md").is_file() else ""
    code, document = Code(root), Document(text)
    if "--table" in sys.argv:
        print("\n".join(table(code, document)))
        return 0
    found = sorted(differences(code, document)) + (self_test(root, text) if "--self-test" in sys.argv else [])
    for line in found:
        print(line)
    print(f"limits: {len(document.limits)} limits, {len(document.containers)} containers, {len(document.others)} others, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
