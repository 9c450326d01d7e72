"""Imported first: the modules of the end-to-end tests are used here too."""
import os
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
END_TO_END = TESTS / "end_to_end"
sys.path.insert(0, str(END_TO_END))

BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", TESTS.parent / "build/release"))
KILL_POINT = BUILD / "tests/crash/libsluice_kill_point.so"
