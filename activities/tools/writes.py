#!/usr/bin/env python3
"""Activities, tools: says of each row of types.csv how the type is written, and from where that is known.

    activities/tools/writes.py FOLDER... [--check] [--references FOLDER]

FOLDER holds API descriptions (descriptions.py says in which formats). The result is references/writes.csv: what was
changed is printed. A row that no folder describes stays as it was. With --check nothing is written, and it is an
error where a description says otherwise of a place that types.csv names. Needs only Python.

The columns that are read out of descriptions: `type`; `put`, which is `yes`, `no`, or `unknown`; `patch`, which is

    all           whatever a PUT takes
    none          there is no PATCH
    but A B       whatever a PUT takes, without what is at or below A and B
    only A B      what is at or below A and B; `only` alone is a PATCH that takes nothing
    unknown       nothing that could be read says it

and `source`: the description and its version, which may be another one than that of types.csv where that one was not
at hand, or `documentation: WHERE`; such a row is left alone. Places are written as in types.csv; a list is a place as
a whole, because a PATCH sends it whole. What is read-only does not count.

The columns that people keep, because no description has them: `set`, `whole` where a PATCH replaces the identities
that are attached; `with`, the version in which a write does what `patch` says, if that of types.csv does not; `most`,
how many user-assigned identities may be attached; and `documented`, from where these are known.
"""

import argparse
import csv
import re
import sys
from datetime import date
from pathlib import Path

import descriptions
from descriptions import Node

REFERENCES = Path(__file__).resolve().parent.parent / "src" / "references"
READ, KEPT = ("type", "put", "patch", "source"), ("set", "with", "most", "documented")
# Azure gives these at the top of every resource, or nobody changes them by a write.
GIVEN = {"id", "name", "type", "apiversion", "etag", "systemdata", "location", "zones"}


def lacking(whole, part, known, path=()):
    """The places below `path` that a PUT takes and the PATCH does not."""
    if whole.model and whole.model == part.model:
        return []
    folded = {name.lower(): child for name, child in part.members.items()}
    of_known = {name.lower(): child for name, child in known.members.items()} if known else {}
    out = []
    for name, child in whole.members.items():
        also = of_known.get(name.lower())
        if is_given((*path, name), child, also):
            continue
        if name.lower() not in folded:
            out += [".".join((*path, name))] if folded or part.model or not path else []
            continue
        out += inside(child, folded[name.lower()], also, (*path, name))
    return out


def inside(whole, part, known, path):
    if part.item is None and not part.members:
        return []
    if path[-1:] == ("identity",) and "userAssignedIdentities" in whole.members:
        # The map is written through its own member; a block without it is that of the system's identity.
        return [] if "userAssignedIdentities" in part.members else [".".join(path)]
    if whole.item is not None and part.item is not None:
        below = lacking(whole.item, part.item, known.item if known else None)
        return [".".join(path)] if below and whole.is_list else [f"{'.'.join(path)}.{{*}}.{b}" for b in below]
    return lacking(whole, part, known, path)


def taken(whole, part, known, lacks, path=()):
    """The places that the PATCH takes, as few as say it."""
    out = []
    of_known = {name.lower(): child for name, child in known.members.items()} if known else {}
    folded = {name.lower(): child for name, child in part.members.items()}
    for name, child in whole.members.items():
        here, also = (*path, name), of_known.get(name.lower())
        text = ".".join(here)
        if is_given(here, child, also) or name.lower() not in folded:
            continue
        if text in lacks:
            continue
        if any(lack.startswith(f"{text}.") for lack in lacks):
            out += taken(child, folded[name.lower()], also, lacks, here)
        else:
            out.append(text)
    return out


def is_new(whole, part, place):
    """Whether a place is newer than what is described, and not in a model that PUT and PATCH share."""
    for name in place.split("."):
        if whole.item is not None:
            whole, part = whole.item, part.item or part
        if name == "{*}":
            continue
        if whole.model and whole.model == part.model:
            return False
        members = {key.lower(): child for key, child in whole.members.items()}
        if not members:
            return False
        if name.lower() not in members:
            return True
        whole = members[name.lower()]
        part = next((child for key, child in part.members.items() if key.lower() == name.lower()), Node())
    return False


def patch_of(description, known, named):
    """What the `patch` column says."""
    if not description.has("PATCH"):
        return "none"
    body, whole = description.bodies["PATCH"], description.bodies.get("PUT") or known
    if body is None:
        return "only"
    if whole is None:
        return "unknown"
    lacks = set(lacking(whole, body, known))
    lacks |= {place for place in named if is_new(whole, body, place)}
    lacks = sorted(a for a in lacks if not any(a.startswith(f"{b}.") for b in lacks))
    if not lacks:
        return "all"
    takes = sorted(taken(whole, body, known, lacks))
    but, only = "but " + " ".join(lacks), " ".join(["only", *takes])
    return but if len(but) < len(only) else only


def fits(description, version):
    """How well a description suits a row: the version itself, else the one that is nearest in time, the newest where
    types.csv has none; one that says what is read-only before one that does not."""
    age = abs(day(description.version) - day(version or "9999-01-01"))
    return (description.version != version, age, not description.source.startswith("swagger"))


def day(version):
    digits = re.match(r"(\d{4})-(\d{2})-(\d{2})", version)
    return date(*map(int, digits.groups())).toordinal() if digits else 0


def is_given(path, child, also):
    """Whether nobody writes a member: all of what is in it counts."""
    if child.read_only or (also is not None and also.read_only) or path[-1] == "provisioningState":
        return True
    below = also.members if also is not None else {}
    top = len(path) == 1 and path[0].lower() in GIVEN
    return top or bool(below) and all(is_given((*path, n), c, c) for n, c in below.items())


def row_of(row, found):
    """The row of a type, or `None` where nothing describes it."""
    kind, version = row["type"], row["api_version"]
    puts = [d for d in found if d.source.startswith("bicep") and d.version == version]
    known = puts[0].bodies["PUT"] if puts else None
    described = sorted((d for d in found if not d.source.startswith("bicep")), key=lambda d: fits(d, version))
    described = [d for d in described if not d.source.startswith("package")] or described
    if not described:
        return {"type": kind, "put": "yes", "patch": "unknown", "source": mark(puts[0])} if puts else None
    best = described[0]
    put = "yes" if known or best.has("PUT") else "no"
    return {"type": kind, "put": put, "patch": patch_of(best, known, places(row)), "source": mark(best)}


def mark(description):
    return f"{description.source}@{description.version}"


def worth(row, version):
    """A documented fact stays, and so does what is known from a description that is nearer in time."""
    age = abs(day(row["source"].rpartition("@")[2]) - day(version or "9999-01-01"))
    return (row["source"].startswith("documentation"), row["patch"] != "unknown", -age)


def table(rows, old, folders):
    wanted = [row["type"] for row in rows]
    read = [descriptions.read(folder, wanted) for folder in folders]
    for row in rows:
        kind, version = row["type"], row["api_version"]
        found = [description for one in read for description in one.of(kind)]
        new = row_of(row, found) or {"type": kind, "put": "unknown", "patch": "unknown", "source": "-"}
        was = old.get(kind)
        stays = was and was["source"] != new["source"] and worth(was, version) >= worth(new, version)
        stays = stays or was and was["patch"] != "unknown" and new["source"].startswith("package")
        yield {**(was if stays else new), **{name: (was or {}).get(name, "") for name in KEPT}}


def takes(patch, place):
    """Whether a PATCH takes a place, as far as `patch` says it."""
    word, *places = patch.split()
    within = any(f"{place}.".lower().startswith(f"{path}.".lower()) for path in places)
    return {"all": True, "none": False, "but": not within, "only": within}.get(word)


def places(row):
    """The places that types.csv names, as writes.csv writes them."""
    named = [reference.split(":", 1)[1] for reference in row["references"].split()]
    return ["identity"] * (row["identity_map"] == "map") + [re.sub(r"<[^>]*>|\[\]", "", path) for path in named]


def contradicted(row, was, new):
    return [place for place in places(row) if takes(was["patch"], place) != takes(new["patch"], place)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    arguments.add_argument("--check", action="store_true", help="write nothing; a contradiction is an error")
    arguments.add_argument("--references", type=Path, default=REFERENCES, metavar="FOLDER", help="where the tables are")
    asked = arguments.parse_args()
    rows = list(csv.DictReader((asked.references / "types.csv").open()))
    file = asked.references / "writes.csv"
    old = {row["type"]: row for row in csv.DictReader(file.open())} if file.exists() else {}
    new = list(table(rows, old, asked.folders))
    changed = [(old.get(row["type"], {}), row) for row in new if old.get(row["type"]) != row]
    if asked.check:
        by_type = {row["type"]: row for row in rows}
        changed = [(was, row) for was, row in changed if contradicted(by_type[row["type"]], was, row)]
    for was, row in changed:
        print(f"{row['type']}: {was.get('patch', '-')} -> {row['patch']} ({row['source']})")
    print(f"writes.csv: {len(changed)} of {len(new)} rows changed")
    if asked.check:
        sys.exit(1 if changed else 0)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, [*READ, *KEPT], lineterminator="\n")
        writer.writeheader()
        writer.writerows(new)


if __name__ == "__main__":
    main()
