#!/usr/bin/env python3
"""Checks a bundle of `rehome audit bundle` without the program that wrote it: python3 verify_bundle.py FILE [POSITION:HASH]

Prints the end that the bundle proves, POSITION:HASH, and ends with 0; says on stderr which event is not what was written,
and ends with 1. A bundle proves what an end proves that somebody kept elsewhere: give it, or compare it yourself.
Only the standard library; what each member is stands in store/src/bundle/mod.rs.
"""
import hashlib, json, re, sys

MASK = "(left out: it is a credential)"
HEADER_MAX, LINE_MAX, BODY_MAX, NAME_MAX, EVENTS_MAX, STREAMS_MAX = 64 << 10, (32 << 20) + (64 << 10), 16 << 20, 1024, 4_000_000, 200_000
REASONS = {"not_selected", "redacted", "masked"}
END = {"log": str, "position": int, "hash": str}
HEADER = {"rehome_bundle": int, "program": str, "head": dict, "anchor": dict, "selected": str}
EVENT = {"position": int, "sequence": int, "stream": str, "kind": str, "version": int, "at_ms": int, "actor": str,
         "salt": str, "body": str, "body_hex": str, "withheld": str, "digest": str, "told": str, "hash": str}
MAY_BE_ABSENT = {"anchor", "selected", "salt", "body", "body_hex", "withheld", "digest", "told"}


class Refused(Exception):
    """What is wrong, and with which event; 0 is the header."""

    def __init__(self, place, what):
        super().__init__(f"event {place} is not what was written: {what}" if place else f"this is not a bundle: {what}")
        self.place = place


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def text(name):
    encoded = name.encode()
    return len(encoded).to_bytes(8, "big") + encoded


def number(digits):
    if digits == "-0" or len(digits) > 20:
        raise ValueError("a number that is none")
    return int(digits)


def once(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands there twice")
    return members


def members(value, shape):
    """The members of an object, each of its type; what may be absent is then None, and nothing else is there."""
    if type(value) is not dict or not value.keys() <= shape.keys():
        raise ValueError("an object with other members is wanted")
    found = {name: value.get(name) for name in shape}
    for name, kind in shape.items():
        absent = found[name] is None and name in MAY_BE_ABSENT
        if not absent and type(found[name]) is not kind:
            raise ValueError(f"its {name} is missing, or of another type")
        if kind is str and not absent:
            found[name].encode()  # fails where a character is half of one
    return found


def read(line, shape):
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=once, parse_int=number)
        return members(value, shape)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def unhex(digits, length=None):
    if not re.fullmatch("([0-9a-f]{2})*", digits) or length not in (None, len(digits) // 2):
        raise ValueError("lower-case hex of the right length is wanted")
    return bytes.fromhex(digits)


def header_of(line):
    if not line.endswith(b"\n"):
        raise ValueError("its first line does not end where a header would")
    header = read(line, HEADER)
    head, anchor = members(header["head"], END), header["anchor"] and members(header["anchor"], END)
    if header["rehome_bundle"] != 1:
        raise ValueError(f"it has format {header['rehome_bundle']}, and this reads only format 1")
    if not 0 <= head["position"] <= EVENTS_MAX or head["position"] == 0 and head["hash"] != "00" * 32:
        raise ValueError("no log ends there")
    if anchor and (anchor["log"] != head["log"] or not 0 <= anchor["position"] < 1 << 64):
        raise ValueError("its head and its anchor are of two logs")
    return head, anchor


def told_flaw(event):
    """The one kind of event of which something may be told that nothing proves, and what must be left out there."""
    if event["told"] is None:
        return None
    try:
        told = json.loads(event["told"], object_pairs_hook=once)
        if (event["kind"], event["version"], told["operation"]["address"]) == ("accepted", 1, MASK):
            return None
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    return "what is told of it is not an operation whose address is left out"


def body_digest(event):
    """The digest of salt and body: of those that are there, or the one that stands for those that are withheld."""
    plain = [event[name] is not None for name in ("salt", "body", "body_hex", "withheld", "digest", "told")]
    salt, body, body_hex, withheld, digest, told = plain
    if salt and body != body_hex and not (withheld or digest or told):
        bytes_of = event["body"].encode() if body else unhex(event["body_hex"])
        if len(bytes_of) > BODY_MAX:
            raise ValueError("its body is longer than any")
        return sha(b"rehome body 1\0", unhex(event["salt"], 16), bytes_of)
    if withheld and digest and not (salt or body or body_hex) and event["withheld"] in REASONS:
        if told != (event["withheld"] == "masked"):
            raise ValueError("told is there where a credential is withheld, and nowhere else")
        return unhex(event["digest"], 32)
    raise ValueError("it has neither salt and body nor withheld and digest, or some of both")


def hash_of(event, digest, previous):
    for name in ("stream", "kind", "actor"):
        if not 1 <= len(event[name].encode()) <= NAME_MAX or "\0" in event[name]:
            raise ValueError(f"its {name} is no name")
    return sha(b"rehome event 1\0", event["position"].to_bytes(8, "big"), event["sequence"].to_bytes(8, "big"),
               text(event["stream"]), text(event["kind"]), text(event["actor"]), event["version"].to_bytes(2, "big"),
               event["at_ms"].to_bytes(8, "big", signed=True), digest, previous)


def take(line, place, sequences, previous):
    """Holds the next line against everything before it; the hash of its event."""
    if not line.endswith(b"\n"):
        raise ValueError("its line is cut off, or longer than any event's")
    event = read(line, EVENT)
    found = hash_of(event, body_digest(event), previous)
    sequence = sequences[event["stream"]] = sequences.get(event["stream"], 0) + 1
    if event["position"] != place or unhex(event["hash"], 32) != found:
        raise ValueError("it was changed, or does not follow the event before it")
    if event["sequence"] != sequence or len(sequences) > STREAMS_MAX:
        raise ValueError("its place in its stream is wrong")
    flaw = told_flaw(event)
    if flaw:
        raise ValueError(flaw)
    return found


def verify(bundle, kept=None):
    """The end that a bundle proves, as POSITION:HASH. `bundle` is a binary file; `kept` an end that somebody kept."""
    place = 0
    try:
        head, anchor = header_of(bundle.readline(HEADER_MAX))
        known = [(end["position"], end["hash"]) for end in (head, anchor) if end]
        if kept:
            if not re.fullmatch("[0-9]{1,19}:[0-9a-fA-F]{64}", kept):
                raise ValueError("POSITION:HASH is wanted, as `rehome audit head` prints it")
            known.append((int(kept.split(":")[0]), kept.split(":")[1].lower()))
        sequences, previous = {}, bytes(32)
        for place in range(1, head["position"] + 1):
            previous = take(bundle.readline(LINE_MAX), place, sequences, previous)
            if any(place == at and previous.hex() != digits for at, digits in known):
                raise ValueError("its hash is not the one that was written down of it")
        place = head["position"]
        for at, digits in known:
            if at > place:
                raise ValueError(f"the bundle ends there, and event {at} is known of")
            if at == 0 and digits != "00" * 32:
                place = 0
                raise ValueError("before the first event there is no hash")
        if bundle.read(1):
            place += 1
            raise ValueError("the bundle says that it ends before it")
        return f"{head['position']}:{previous.hex()}"
    except (ValueError, OverflowError) as error:
        raise Refused(place, error) from None


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], "rb") as opened:
            print(verify(opened, *sys.argv[2:]))
    except (Refused, OSError) as error:
        sys.exit(f"{error}")
