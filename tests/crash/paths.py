"""Imported first: the modules of the end-to-end tests are used here too; and a test that is told to end cleans up, mounts above all, as after ctrl-C."""
import os
import pathlib
import signal
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
END_TO_END = TESTS / "end_to_end"
sys.path.insert(0, str(END_TO_END))

BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", TESTS.parent / "build/release"))
KILL_POINT = BUILD / "tests/crash/libsluice_kill_point.so"

signal.signal(signal.SIGTERM, signal.default_int_handler)
