#!/usr/bin/env python3
"""Makes the files of golden vectors beside it, the same bytes each time. docs/testing.md says what is in them.

Usage: make.py               writes them
       make.py --check       says which differ from what it would write
       make.py --seeds FOLDER  writes the bytes alone, FOLDER/<structure>/<name>: where a fuzzer begins
"""
import json
import pathlib
import sys

import build
import make_announce
import make_block
import make_datagram
import make_link
import make_manifest
import make_media
import make_messages
import make_records
import make_resend
import make_stored

MAX_SEED_BYTES = 16 << 10
HERE = pathlib.Path(__file__).parent
MODULES = (make_datagram, make_announce, make_block, make_manifest, make_messages, make_link, make_records, make_stored, make_resend, make_media)


def written(value):
    """Bytes become lines of hexadecimal with remarks; everything else is as it is."""
    if isinstance(value, dict):
        return {key: list(build.shown(inner)) if key == "bytes" and isinstance(inner, list) else written(inner) for key, inner in value.items()}
    return [written(inner) for inner in value] if isinstance(value, list) else value


def files():
    for module in MODULES:
        for structure, (about, vectors) in module.FILES.items():
            content = {"structure": structure, "about": about, "vectors": [written(vector) for vector in vectors()]}
            names = [vector["name"] for vector in content["vectors"]]
            twice = [name for name in names if names.count(name) > 1]
            assert not twice, (structure, twice)
            yield HERE / f"{structure}.json", json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def write_seeds(folder):
    """Without the few that are large: a fuzzer does not get far with those."""
    for module in MODULES:
        for structure, (_, vectors) in module.FILES.items():
            (folder / structure).mkdir(parents=True, exist_ok=True)
            for vector in vectors():
                if "bytes" in vector and len(build.join(vector["bytes"])) <= MAX_SEED_BYTES:
                    (folder / structure / vector["name"]).write_bytes(build.join(vector["bytes"]))


def main():
    if "--seeds" in sys.argv:
        write_seeds(pathlib.Path(sys.argv[-1]))
        return 0
    check = "--check" in sys.argv
    differing = 0
    made = dict(files())
    for path, text in made.items():
        if not check:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            print(f"{path.name} is not what make.py makes")
            differing += 1
    for path in set(HERE.glob("*.json")) - set(made):
        print(f"{path.name} is made by nothing")
        differing += 1
    print(f"{len(made)} files of vectors, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
