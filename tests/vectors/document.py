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


VALUES = {title: {int(number): name for number, name in lines} for title, lines in blocks("values")}


def read_messages():
    """A nested enumeration is "Message.Enumeration" in its title and "Enumeration" in that message's fields."""
    messages = {}
    for title, lines in blocks("fields"):
        messages[title] = []
        for number, name, kind in lines:
            one = kind.removesuffix("*")
            nested = f"{title}.{one}"
            messages[title].append(Field(int(number), name, nested if nested in VALUES else one, kind.endswith("*")))
    return messages


MESSAGES = read_messages()
