"""The tables of docs/protocol.md and docs/storage.md from which messages are read and written: nothing is written down twice."""
import pathlib
import re
from typing import NamedTuple

DOCS = pathlib.Path(__file__).parents[2] / "docs"


class Field(NamedTuple):
    number: int
    name: str
    type: str
    repeated: bool


def blocks(kind):
    """The lines of every ```kind NAME block, without remarks."""
    for name in ("protocol.md", "storage.md"):
        for title, text in re.findall(rf"^```{kind} (\S+)\n(.*?)^```$", (DOCS / name).read_text(), re.S | re.M):
            yield title, [line.split(";")[0].split() for line in text.splitlines()]


def read_messages():
    messages = {}
    for title, lines in blocks("fields"):
        messages[title] = [Field(int(number), name, kind.removesuffix("*"), kind.endswith("*")) for number, name, kind in lines]
    return messages


MESSAGES = read_messages()
# A nested one is "Message.Enumeration" in its title and "Enumeration" in the fields.
VALUES = {title.split(".")[-1]: {int(number): name for number, name in lines} for title, lines in blocks("values")}
