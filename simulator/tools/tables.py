#!/usr/bin/env python3
"""Simulator, tools: makes the tables of what each resource type takes and answers out of Microsoft's Python packages.

    simulator/tools/tables.py FOLDER [--bicep FOLDER] [--check]

FOLDER holds unpacked packages (`pip install --no-deps --target FOLDER azure-mgmt-compute …`). The tables, in src/arm:

    patches.csv    type,version,patch,set,most,source
    statuses.csv   type,put,patch,delete,source: the statuses that are described, the one for a new resource by itself
    computed.csv   type,places,source: what is inside `properties` and read-only; `[]` is every item, `*` every member

The column `patch` is `none` (there is no PATCH), `all` (what a PUT takes), `but A B` (that without what is at or below
A and B), `only A B`, or `flat A B` (A and B of the properties, which stand at the top of its body). A row of patches.csv that no package describes stays as it is, as do the columns `set` and
`most`, which no description has, and rows of a single version, those from documentation or from a newer description. With --check nothing is written, and
a difference is an error. The client's tables are made by scripts of its own, from other descriptions where there are any.
"""

import argparse
import csv
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import packages  # noqa: E402  (beside the tools of no room)

ARM = ROOT / "simulator" / "src" / "arm"
# Azure gives these at the top of every resource, or nobody changes them by a write.
TOP = {"id", "name", "type", "etag", "systemdata", "location", "zones", "apiversion"}


def is_read_only(place):
    return bool(place.when) and not {"create", "update"} & set(place.when)


def writable(place):
    """The members that a write has, in lower case."""
    return {name.lower(): (name, m) for name, m in place.members.items() if not is_read_only(m) and name != "provisioningState"}


def compared(put, patch, path=()):
    """What a PUT takes, as places: those that the PATCH has too, and those that it has not."""
    both, lacks, other = [], [], writable(patch)
    for folded, (name, member) in writable(put).items():
        here = (*path, name)
        if len(here) == 1 and folded in TOP or member.members and not writable(member):
            continue
        if folded not in other or other[folded][1].when and "update" not in other[folded][1].when:
            lacks.append(here)
            continue
        twin = other[folded][1]
        if not member.members or not twin.members or member.model and member.model == twin.model:
            narrower = member.is_list and twin.item and compared(member.item, twin.item)[1] if member.item else False
            (lacks if narrower else both).append(here)
            continue
        if here == ("identity",):
            whole = "userassignedidentities" not in writable(member) or "userassignedidentities" in writable(twin)
            (both if whole else lacks).append(here)
            continue
        below = compared(member, twin, here)
        if below[1]:
            both, lacks = both + below[0], lacks + below[1]
        else:
            both.append(here)
    return both, lacks


def patch_of(operations, form=""):
    put, patch = operations.get("PUT"), operations.get("PATCH")
    if patch is None:
        return "none" if put is not None else None
    if patch.body is None or not patch.body.members:
        return "only" if put is not None and put.body is not None and patch.body is None else None
    if put is None or put.body is None or not put.body.members:
        return None
    both, lacks = ([".".join(p) for p in sorted(places)] for places in compared(put.body, patch.body))
    inner, sent = put.body.members.get("properties"), [name for name, _ in writable(patch.body).values()]
    if not both and inner is not None and sent and all(name.lower() in writable(inner) for name in sent):
        return " ".join(["flat", *sorted(sent)])
    if not lacks:
        return "all"
    # Both say the same of what is described; of what is not, `but` takes it and `only` does not.
    but, only = " ".join(["but", *lacks]), " ".join(["only", *both])
    return only if form == "only" or not form and not both else but


def computed(place, path, found, depth=0):
    """Read-only places at or below this one, as few as say it."""
    for name, member in place.members.items():
        here = [*path, name]
        if is_read_only(member):
            found.add(".".join(here))
        elif depth < 6:
            inner, suffix = member, ""
            while inner.item is not None:
                suffix, inner = suffix + ("[]" if inner.is_list else ".*"), inner.item
            computed(inner, [*path, name + suffix], found, depth + 1)


def takes(body, place):
    """Whether a client may write a place below `properties`."""
    at = body.members.get("properties") if body is not None else None
    for name in place.replace(".*", "").split("."):
        while at is not None and at.item is not None:
            at = at.item
        at = at.members.get(name.removesuffix("[]")) if at is not None else None
        if at is None or is_read_only(at):
            return False
    return True


def newest(operations):
    """By type, and by method, the operation of the newest version."""
    out = {}
    for operation in operations:
        by_method = out.setdefault(operation.kind.lower(), {})
        held = by_method.get(operation.method)
        if held is None or (operation.version, operation.body is not None) > (held.version, held.body is not None):
            by_method[operation.method] = operation
    return out


def source(operations):
    first = operations.get("PUT") or operations.get("PATCH") or next(iter(operations.values()))
    return f"{first.package}@{first.version}"


def day(text):
    found = re.search(r"@(\d{4}-\d{2}-\d{2})", text)
    return found[1] if found else ""


# Its newest package is years behind its service, and says less of it.
BEHIND = ("azure-mgmt-machinelearningservices",)


# Read-only in a preview that is newer than those that clients use, which take it.
WRITABLE = {("microsoft.devices/iothubs", "deviceRegistry")}

# Read-only in containerservice/2024-05-01 and not marked since: nodes are upgraded by an action of their own
# (https://learn.microsoft.com/azure/aks/node-image-upgrade), and a cluster that is written without it keeps it.
READ_ONLY = {("microsoft.containerservice/managedclusters", "agentPoolProfiles[].nodeImageVersion")}


def stays(row, kept, operations):
    """Whether what is known is documented by hand, or from a newer description, or the package's version has a row."""
    version = source(operations).rpartition("@")[2]
    by_itself = any(other["version"] == version for other in kept)
    return by_itself or row["source"].startswith("documentation") or day(row["source"]) > day(source(operations))


def statuses(operations):
    def of(method):
        return " ".join(str(s) for s in operations[method].statuses) if method in operations else ""
    return {"put": of("PUT"), "patch": of("PATCH"), "delete": of("DELETE"), "source": source(operations)}


def described(folder, wanted):
    """Read-only places by type in lower case, with the version that says so, out of a checkout of bicep-types-az."""
    found = {}
    for file in sorted(folder.rglob("types.json")) if folder else ():
        types = json.loads(file.read_text(encoding="utf-8"))
        for text in types if isinstance(types, list) else ():
            kind, _, version = text.get("name", "").partition("@")
            if text.get("$type") == "ResourceType" and kind.lower() in wanted:
                places = set()
                computed(bicep_place(types, text["body"], ()).members.get("properties", packages.Place()), [], places)
                if version >= found.get(kind.lower(), ("", ""))[0]:
                    found[kind.lower()] = (version, places - {"provisioningState"})
    return found


def bicep_place(types, reference, above):
    at = int(reference["$ref"].rsplit("/", 1)[-1])
    text, made = types[at], packages.Place()
    if at in above or len(above) > packages.DEEPEST:
        return made
    for name, member in {**text.get("properties", {}), **text.get("baseProperties", {})}.items():
        made.members[name] = bicep_place(types, member["type"], (*above, at))
        made.members[name].when = ("read",) if member["flags"] & 2 else ()
    if text["$type"] == "ArrayType":
        made.is_list, made.item = True, bicep_place(types, text["itemType"], (*above, at))
    elif "additionalProperties" in text and not made.members:
        made.item = bicep_place(types, text["additionalProperties"], (*above, at))
    return made


def tables(operations, kinds, old, elsewhere):
    known = newest(operations)
    rows = {"patches": [], "statuses": [], "computed": []}
    for kind in kinds:
        found = known.get(kind.lower())
        kept = [row for row in old if row["type"].lower() == kind.lower()]
        plain = next((row for row in kept if not row["version"]), {"patch": "", "set": "", "most": "", "source": ""})
        patch = patch_of(found, plain["patch"].split()[0] if plain["patch"] else "") if found else None
        address = "".join(f" {word}" for word in plain["source"].split() if word.startswith("https://"))
        behind = found and source(found).startswith(BEHIND)
        if patch is None or behind or plain["source"] and stays(plain, kept, found):
            rows["patches"] += [row for row in kept if not row["version"]]
        elif patch != "all" or plain["set"] or plain["most"]:
            made = {"type": kind, "version": "", "patch": patch, "set": plain["set"], "most": plain["most"]}
            rows["patches"].append({**made, "source": source(found) + address})
        rows["patches"] += [row for row in kept if row["version"]]
        if found and {"PUT", "PATCH", "DELETE"} & found.keys():
            rows["statuses"].append({"type": kind, **statuses(found)})
        places, given = set(), set()
        for method in ("PUT", "GET") if found and "PUT" in found and "GET" in found else ():
            body = found[method].body
            if body is not None and "properties" in body.members:
                computed(body.members["properties"], [], places if method == "PUT" else given)
        # What a client may write has a model of its own in some services.
        places |= {place for place in given if not takes(found["PUT"].body, place)}
        places = {p for p in places - {"provisioningState"} if not any(p.startswith((f"{q}.", f"{q}[")) for q in places)}
        places -= {place for of, place in WRITABLE if of == kind.lower()}
        places |= {place for of, place in READ_ONLY if of == kind.lower()}
        said = source(found) if found else ""
        if not places:
            version, places = elsewhere.get(kind.lower(), ("", ()))
            said = f"bicep @{version}"
        if places:
            rows["computed"].append({"type": kind, "places": " ".join(sorted(places)), "source": said})
    return rows


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, metavar="FOLDER")
    arguments.add_argument("--bicep", type=Path, metavar="FOLDER", help="for what is read-only where no package says it")
    arguments.add_argument("--check", action="store_true", help="write nothing; a difference is an error")
    asked = arguments.parse_args()
    kinds = [row["type"] for row in csv.DictReader((ARM / "types.csv").open())]
    old = list(csv.DictReader((ARM / "patches.csv").open()))
    kinds += sorted({row["type"] for row in old} - set(kinds))
    wanted = {kind.lower() for kind in kinds}
    elsewhere = described(asked.bicep, wanted)
    made = tables(packages.read(asked.folder, wanted), sorted(kinds, key=str.lower), old, elsewhere)
    different = 0
    for name, rows in made.items():
        file = ARM / f"{name}.csv"
        before = list(csv.DictReader(file.open())) if file.exists() else []
        changed = [row for row in rows if row not in before]
        different += len(changed)
        print(f"{name}.csv: {len(rows)} rows, {len(changed)} of them new or changed")
        if not asked.check:
            with file.open("w", newline="") as out:
                writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
    sys.exit(1 if asked.check and different else 0)


if __name__ == "__main__":
    main()
