#!/usr/bin/env python3
"""Checks a bundle against a checkpoint without the program that wrote them: python3 verify_checkpoint.py BUNDLE CHECKPOINT KEY
or a newer checkpoint against an older one, without any event: python3 verify_checkpoint.py --since CHECKPOINT NEWER KEY

BUNDLE is a file of `rehome audit bundle`, CHECKPOINT one with what `rehome audit checkpoint` printed once, KEY the key that it
said it signs with, NEWER what `rehome audit checkpoint --since CHECKPOINT` printed. Prints how many events are confirmed, and ends with 0; says on stderr what does not fit, and ends with 1.
Needs verify_bundle.py beside itself, and the command openssl (3.0 or newer) for the signature.
The forms: https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note, https://c2sp.org/tlog-witness, RFC 6962 section 2.1.
"""
import base64, hashlib, json, os, subprocess, sys, tempfile
import verify_bundle

ED25519 = bytes.fromhex("302a300506032b6570032100")  # what stands before a public key in its DER form (RFC 8410)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha()
    at = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", root(leaves[:at]), root(leaves[at:]))


def is_signed(text, signature, public):
    with tempfile.TemporaryDirectory() as folder:
        def put(name, content):
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(content)
            return path
        arguments = ["-pubin", "-keyform", "DER", "-inkey", put("key", ED25519 + public), "-rawin", "-in", put("text", text)]
        command = ["openssl", "pkeyutl", "-verify", *arguments, "-sigfile", put("signature", signature)]
        return subprocess.run(command, capture_output=True).returncode == 0


def opened(note, key):
    """Origin, size and root of a checkpoint that is signed with the key."""
    name, digest, public = key.strip().split("+", 2)
    public = base64.b64decode(public, validate=True)
    identity = sha(name.encode(), b"\n", public)[:4]
    if public[:1] != b"\1" or len(public) != 33 or identity.hex() != digest:
        raise ValueError("that is no key")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    origin, size, digest = text.split("\n")[:3]
    for line in signatures.splitlines():
        dash, by, signature = line.split(" ")
        signature = base64.b64decode(signature, validate=True)
        if (dash, by, signature[:4]) == ("\u2014", name, identity) and is_signed(text.encode(), signature[4:], public[1:]):
            return origin, int(size), base64.b64decode(digest, validate=True)
    raise ValueError("the checkpoint has no good signature by that key")


def verify(bundle, note, key):
    """How many events of the bundle the checkpoint confirms."""
    origin, size, known = opened(note, key)
    verify_bundle.verify(bundle)
    bundle.seek(0)
    if origin != "rehome/" + json.loads(bundle.readline())["head"]["log"]:
        raise ValueError("the checkpoint is of another log")
    leaves = [sha(b"\0", bytes.fromhex(json.loads(line)["hash"])) for line in bundle][:size]
    if len(leaves) < size:
        raise ValueError(f"the bundle ends at event {len(leaves)}, and the checkpoint knows of event {size}")
    if root(leaves) != known:
        raise ValueError(f"the first {size} events are not those that the checkpoint was signed for")
    return size


def goes_on(before, old, size, proof):
    """The root of the tree of `size` leaves that goes on from one of `before` by a proof (RFC 9162, section 2.1.4.2)."""
    if before < 1 or before > size or (before == size and proof):
        raise ValueError("no log goes on from that one")
    if before == size:
        return old
    proof = [old, *proof] if not before & before - 1 else list(proof)
    at, last = before - 1, size - 1
    while at % 2:
        at, last = at // 2, last // 2
    first = second = proof.pop(0) if proof else b""
    for beside in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if at % 2 or at == last:
            first, second = sha(b"\1", beside, first), sha(b"\1", beside, second)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            second = sha(b"\1", second, beside)
        at, last = at // 2, last // 2
    if last or first != old:
        raise ValueError("the proof does not begin with the older checkpoint")
    return second


def since(note, newer, key):
    """How many events both checkpoints begin with."""
    origin, before, old = opened(note, key)
    head, _, rest = newer.partition("\n\n")
    said, *proof = head.split("\n")
    other, size, root = opened(rest, key)
    if said != f"old {before}" or other != origin:
        raise ValueError("the newer one does not come with a proof for this older one")
    if goes_on(before, old, size, [base64.b64decode(one, validate=True) for one in proof]) != root:
        raise ValueError(f"the newer log does not go on from the first {before} events")
    return before


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "--since":
        try:
            with open(sys.argv[2], encoding="utf-8") as note, open(sys.argv[3], encoding="utf-8") as newer:
                print(f"both begin with the same {since(note.read(), newer.read(), sys.argv[4])} events")
        except (ValueError, LookupError, OSError) as error:
            sys.exit(f"{error}")
        sys.exit()
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], "rb") as bundle, open(sys.argv[2], encoding="utf-8") as note:
            print(f"events 1 to {verify(bundle, note.read(), sys.argv[3])} are those that were signed")
    except (verify_bundle.Refused, ValueError, LookupError, OSError) as error:
        sys.exit(f"{error}")
