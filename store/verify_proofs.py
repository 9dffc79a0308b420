#!/usr/bin/env python3
"""Checks single events against a checkpoint without the program that wrote them: python3 verify_proofs.py [KEY [CHECKPOINT]]

KEY is the key that checkpoints are signed with, as you noted it down; without one, the key in the file is believed. CHECKPOINT is
a file with one that you kept yourself: then it has to be the one that the proofs lead to. `-` stands for what is not given.

Says which events are proven and ends with 0; says on stderr what does not fit, and ends with 1. Needs proofs.jsonl,
verify_bundle.py and verify_checkpoint.py beside itself, and the command openssl (3.0 or newer).
The forms: https://c2sp.org/tlog-checkpoint, RFC 6962 section 2.1.1; each line is described in store/src/checkpoint/proven.rs.
"""
import sys
sys.dont_write_bytecode = True
import base64, json, os
import verify_bundle, verify_checkpoint
from verify_bundle import EVENT, body_digest, hash_of, members, once, number, sha, told_flaw, unhex

HERE = os.path.dirname(os.path.abspath(__file__))


def climb(leaf, index, size, proof):
    """The root that a leaf has by its way up (RFC 9162, section 2.1.3.2)."""
    if index >= size:
        raise ValueError("its place is behind the end that was signed")
    at, last, found = index, size - 1, sha(b"\0", leaf)
    for beside in proof:
        if last == 0:
            raise ValueError("its proof is too long")
        if at % 2 or at == last:
            found = sha(b"\1", beside, found)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            found = sha(b"\1", found, beside)
        at, last = at // 2, last // 2
    if last:
        raise ValueError("its proof is too short")
    return found


def check(line, size, root, streams):
    """One event: that it is bound to the one before it, is in the tree, and is the next of its stream."""
    value = json.loads(line.decode("utf-8"), object_pairs_hook=once, parse_int=number)
    if type(value) is not dict or value.keys() != {"event", "previous", "proof"}:
        raise ValueError("it is no event with its proof")
    event = members(value["event"], EVENT)
    found = hash_of(event, body_digest(event), unhex(value["previous"], 32))
    if found != unhex(event["hash"], 32) or told_flaw(event):
        raise ValueError("it was changed")
    if climb(found, event["position"] - 1, size, [unhex(one, 32) for one in value["proof"]]) != root or event["position"] < 1:
        raise ValueError("it is not in the log that was signed")
    if event["sequence"] != streams.get(event["stream"], 0) + 1:
        raise ValueError(f"an event of {event['stream']} before it is missing")
    streams[event["stream"]] = event["sequence"]
    return event


def verify(key=None, kept=None):
    with open(os.path.join(HERE, "proofs.jsonl"), "rb") as file:
        header = json.loads(file.readline())
        if header["rehome_proofs"] != 1:
            raise ValueError("it has a form that this does not read")
        origin, size, root = verify_checkpoint.opened(header["checkpoint"], key or header["key"])
        by = "that you gave" if key else "that the file names: compare it with the one that you noted down"
        print(f"checkpoint  {size} events of {origin}, signed by the key {by}")
        if kept:
            with open(kept, encoding="utf-8") as note:
                if verify_checkpoint.opened(note.read(), key or header["key"]) != (origin, size, root):
                    raise ValueError("the proofs lead to another checkpoint than the one that was kept")
            print("kept        it is the one that you kept")
        streams, withheld, place = {}, 0, 0
        for line in file:
            try:
                place += 1
                withheld += check(line, size, root, streams)["salt"] is None
            except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
                raise ValueError(f"line {place + 1}: {error}") from None
    for stream, last in sorted(streams.items()):
        print(f"proven      {stream}: events 1 to {last} of it, each at its place in that log")
    if not streams:
        raise ValueError("there is no event in it")
    if withheld:
        print(f"withheld    of {withheld} of them what they say, or a credential in it; its digest is proven")


if __name__ == "__main__":
    if len(sys.argv) > 3:
        sys.exit(__doc__)
    try:
        verify(*[None if given == "-" else given for given in sys.argv[1:]])
    except (verify_bundle.Refused, ValueError, LookupError, TypeError, OSError, RecursionError) as error:
        sys.exit(f"NOT AS IT WAS WRITTEN: {error}")
    print("not proven  that nothing came after these events, who acted under these names, and that a workload works")
