"""Vectors of resend codes: a contract between the two sides, which may be of different versions."""
import resend

STREAM = "lab-low"


def good():
    many = [[1000 + 300 * at, 1000 + 300 * at + 30 * at] for at in range(10)]
    spread = [[983_040 + 6553 * at, 983_040 + 6553 * at + 3276] for at in range(10)]
    for name, ranges in (("first", [[1, 1]]), ("second", [[2, 2]]), ("one-range", [[12, 14]]), ("two-ranges", [[12, 14], [20, 20]]), ("from-the-first", [[1, 1_000_000]]),
                         ("neighbours", [[5, 5], [7, 7], [9, 9]]), ("ten-ranges", many), ("ten-ranges-far-apart", spread), ("the-highest", [[(1 << 62) - 1000, 1 << 62]])):
        yield name, ranges


def valid(text):
    return resend.grouped(text + resend.crc(text))


def vectors():
    def vector(name, text, **outcome):
        return {"name": name, "stream": STREAM, "text": text, **outcome}

    def wrong(name, text, reason, cause, code="invalid"):
        return vector(name, text, refused=reason, code=code, thing="resend code", cause=cause)
    for name, ranges in good():
        yield vector(name, resend.write(STREAM, ranges), fields={"ranges": ranges}, written=True)
    code = resend.write(STREAM, [[12, 14], [20, 20]])
    fields = {"ranges": [[12, 14], [20, 20]]}
    yield vector("small-letters", code.lower(), fields=fields)
    yield vector("spaces-for-dashes", " " + code.replace("-", "  ") + "\n", fields=fields)
    yield vector("no-dashes", code.replace("-", ""), fields=fields)
    ones = resend.write(STREAM, [[33, 33], [65, 70]])
    yield vector("letters-for-digits", ones.replace("0", "O").replace("1", "l"), fields={"ranges": [[33, 33], [65, 70]]})
    yield wrong("nothing", "", "length", "has 0 characters")
    yield wrong("too-short", code[:8], "length", "has 7 characters")
    yield wrong("too-long", "A" * 68, "length", "has more than 67 characters")
    yield wrong("a-u", "U" + code[1:], "character", "stands in no code")
    yield wrong("an-umlaut", "\u00dc" + code[1:], "character", "stands in no code")
    yield wrong("another-character", ("9" if code[6] != "9" else "8").join((code[:6], code[7:])), "checksum", "its checksum does not hold: group 2")
    yield wrong("swapped", code[:7] + code[8] + code[7] + code[9:], "checksum", "its checksum does not hold: group 2")
    yield wrong("cut-off", code[:-1], "checksum", "its checksum does not hold")
    yield wrong("of-another-stream", resend.write("plant-low", [[12, 14]]), "stream", "belongs to another stream", "refused")
    own = resend.mark(STREAM)
    yield wrong("eleven-ranges", valid(own + "A"), "newer", "was made by a newer version", "refused")
    yield wrong("leading-zero", valid(own + "0" + resend.payload([[12, 14]])), "payload", "names no shipments")
    yield wrong("something-behind", valid(own + "ZZZZZZZZ"[:7] + "G"), "payload", "names no shipments")
    yield wrong("beyond-the-highest", valid(own + resend.payload([[(1 << 62) + 1, (1 << 62) + 1]])), "payload", "names no shipments")


FILES = {"resend-code": ("A resend code, as it is typed, and the stream of the low side where it is: docs/protocol.md, Resend codes.", lambda: [*vectors()])}
