#!/usr/bin/env python3
"""Checks a folder of evidence without the program that made it: python3 verify.py [KEY [APPROVERS [POSITION:HASH]]]

KEY is the key that checkpoints are signed with, as you noted it down; without one, key.txt is believed. APPROVERS is a file of
allowed signers as `ssh-keygen -Y verify` takes it, from the reviewed list; without one, those that the plan names are taken.
POSITION:HASH is an end of the log that was kept elsewhere. `-` stands for what is not given.

Says what was checked and ends with 0; says on stderr what does not fit, and ends with 1. Needs the files beside it, and the
commands openssl (3.0 or newer) and ssh-keygen (where approvals are signed).
Forms: https://c2sp.org/tlog-checkpoint, https://github.com/secure-systems-lab/dsse, https://github.com/in-toto/attestation,
https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""
import sys
sys.dont_write_bytecode = True
import base64, hashlib, json, os, subprocess, tempfile
import verify_bundle, verify_checkpoint

HERE = os.path.dirname(os.path.abspath(__file__))
NAMESPACE = "approval@rehome"


def path(name):
    return os.path.join(HERE, name)


def content(name):
    with open(path(name), "rb") as file:
        return file.read()


def refuse(what):
    raise ValueError(what)


def events():
    with open(path("events.jsonl"), "rb") as file:
        next(file)
        for line in file:
            event = json.loads(line)
            body = event.get("body")
            yield event, json.loads(body) if body and body.startswith("{") else None


def check_statement(key, head):
    """What the signed statement says of the log and of the files beside it."""
    envelope = json.loads(content("statement.dsse.json"))
    payload, kind = base64.b64decode(envelope["payload"], validate=True), envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    public = base64.b64decode(key.strip().split("+", 2)[2], validate=True)[1:]
    good = [verify_checkpoint.is_signed(signed, base64.b64decode(one["sig"], validate=True), public) for one in envelope["signatures"]]
    if not any(good):
        refuse("statement.dsse.json has no good signature by that key")
    statement = json.loads(payload)
    if statement["_type"] != "https://in-toto.io/Statement/v1" or not statement["predicate"]["self_asserted"]:
        refuse("statement.dsse.json is no statement of this kind")
    digests = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    files = [name for name in digests if name != "plan" and not name.startswith("log ")]
    for name in files:
        if os.path.basename(name) != name or hashlib.sha256(content(name)).hexdigest() != digests[name]:
            refuse(f"{name} is not the file that was signed for")
    log = statement["predicate"]["log"]
    if f"{log['position']}:{log['hash']}" != head:
        refuse("the statement is of another end of the log than events.jsonl has")
    return statement["predicate"]["batch"], "sha256:" + digests["plan"], files


def allowed(policy, given):
    """Who may sign, in the form that ssh-keygen reads."""
    if given:
        with open(given, "rb") as file:
            return file.read()
    lines = [f'{json.dumps(who["name"])} namespaces="{NAMESPACE}" {key}' for who in policy["approvers"] for key in who["keys"]]
    return "\n".join(lines).encode() + b"\n"


def is_by(approver, signers, signature, text):
    with tempfile.TemporaryDirectory() as folder:
        names = {"signers": signers, "signature": signature.encode()}
        for name, bytes_of in names.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(bytes_of)
        command = ["ssh-keygen", "-Y", "verify", "-f", os.path.join(folder, "signers"), "-I", approver, "-n", NAMESPACE,
                   "-s", os.path.join(folder, "signature")]
        return subprocess.run(command, input=text.encode(), capture_output=True).returncode == 0


def check_approvals(batch, plan, given):
    """That enough different people signed for this plan before the first change of each move."""
    planned, signed, first, approved = None, [], {}, None
    for event, body in events():
        if event["stream"] == f"batch/{batch}" and body:
            if event["kind"] == "batch_planned":
                planned, signed, approved = body, [], None
            elif event["kind"] == "batch_signed":
                signed.append((event["position"], body))
            elif event["kind"] == "batch_approved" and body["digest"] == plan:
                approved = approved or event["position"]
        elif event["kind"] == "began" and event["stream"].startswith("run/"):
            first.setdefault(event["stream"][4:], (event["position"], event["at_ms"]))
    if not planned or planned["digest"] != plan:
        refuse("events.jsonl has no such plan of the batch")
    first = {run: at for run, at in first.items() if run in planned["runs"]}
    if any(approved is None or approved > position for position, _ in first.values()):
        refuse("something was changed before the plan was approved")
    policy = planned.get("approval")
    if not policy:
        return f"self-declared: the plan names no approvers; {len(first)} moves were changed after somebody approved"
    signers, good = allowed(policy, given), []
    own = {name.lower() for name in policy["author"]} if not policy.get("author_may_approve") else set()
    writers = {who["name"] for who in policy["approvers"] if {n.lower() for n in [who["name"], *who.get("also", [])]} & own}
    for position, body in signed:
        said = json.loads(body["statement"])
        if not is_by(said["approver"], signers, body["signature"], body["statement"]):
            refuse(f"event {position}: the signature is not good, or not by {said['approver']}")
        if said["plan"] == plan and said["approver"] not in writers:
            good.append((position, said))
    waves = {run: wave["name"] for wave in (planned.get("rollout") or {}).get("waves", []) for run in wave["runs"]}
    for run, (place, at) in first.items():
        scopes = {"waves", f"wave:{waves.get(run, '')}"}
        by = {said["approver"] for position, said in good
              if position < place and said["expires_at_ms"] > said["at_ms"] and scopes & set(said["scope"])}
        if len(by) < policy["needed"]["waves"]:
            refuse(f"{run} was changed (event {place}) before {policy['needed']['waves']} had signed for it")
    people = ", ".join(sorted({said["approver"] for _, said in good}))
    return f"{len(signed)} signed, every signature good, by {people}; each of {len(first)} moves was changed after enough of them"


def verify(key=None, approvers=None, kept=None):
    with open(path("events.jsonl"), "rb") as bundle:
        head = verify_bundle.verify(bundle, kept)
        print(f"chain       {head.split(':')[0]} events, each bound to all before it; it ends with {head}")
        own_key = key is None and os.path.exists(path("key.txt"))
        key = content("key.txt").decode() if own_key else key
        if key is None:
            print("signatures  there is no key, so nothing says whose log this is")
        else:
            bundle.seek(0)
            size = verify_checkpoint.verify(bundle, content("checkpoint.txt").decode(), key)
            print(f"checkpoint  events 1 to {size} are those that were signed" + (", by the key in this folder" if own_key else ""))
    if key is None:
        report = json.loads(content("report.json"))["report"]
        batch, plan, files = report["batch"], report["plan"], []
    else:
        batch, plan, files = check_statement(key, head)
    print(f"report      {len(files)} files are those that were signed for")
    print(f"approvals   {check_approvals(batch, plan, approvers)}")
    return kept is not None


if __name__ == "__main__":
    if len(sys.argv) > 4:
        sys.exit(__doc__)
    try:
        elsewhere = verify(*[None if given == "-" else given for given in sys.argv[1:]])
    except (verify_bundle.Refused, ValueError, LookupError, TypeError, OSError, RecursionError) as error:
        sys.exit(f"NOT AS IT WAS WRITTEN: {error}")
    print("proven      that these files belong together" + (", and that nothing was written anew up to the end that you kept" if elsewhere else
          "; that nothing was written anew only an end proves that you kept elsewhere: give it"))
