#!/usr/bin/env python3
"""Activities, tools: what Azure computes inside each resource type of types.csv, so that nobody can write it.

    activities/tools/computed.py FOLDER... [--check] [--references FOLDER]

FOLDER holds API descriptions that say what is read-only: a checkout of Azure/bicep-types-az, or files of OpenAPI
(descriptions.py says in which formats). The result is references/computed.csv: `type`, `places` below the resource,
where `[]` is every item and `*` every member, and `source`. A row that no folder describes stays as it was. With
--check nothing is written, and a difference is an error. Needs only Python.
"""

import argparse
import csv
import sys
from pathlib import Path

import descriptions
from writes import day, mark

REFERENCES = Path(__file__).resolve().parent.parent / "src" / "references"
DEEPEST = 6
# Read-only in containerservice/2024-05-01 and not marked since: nodes are upgraded by an action of their own
# (https://learn.microsoft.com/azure/aks/node-image-upgrade), not by whoever writes a cluster whole.
READ_ONLY = {"Microsoft.ContainerService/managedClusters": ["properties.agentPoolProfiles[].nodeImageVersion"]}


def computed(node, path=()):
    """Read-only places at or below this one, as few as say it."""
    for name, member in node.members.items():
        here = (*path, name)
        if member.read_only:
            yield ".".join(here)
            continue
        inner, suffix = member, ""
        while inner.item is not None:
            suffix, inner = suffix + ("[]" if inner.is_list else ".*"), inner.item
        if len(here) < DEEPEST:
            yield from computed(inner, (*path, name + suffix))


def row_of(row, found):
    """The row of a type, from the description that is nearest in time to the version that types.csv has."""
    version = row["api_version"]
    sayers = [d for d in found if d.source.startswith(("bicep", "swagger")) and d.bodies.get("PUT")]
    near = sorted(sayers, key=lambda d: (d.version != version, abs(day(d.version) - day(version or "9999-01-01"))))
    if not near:
        return None
    properties = near[0].bodies["PUT"].members.get("properties")
    places = list(computed(properties, ("properties",))) if properties is not None else []
    places = sorted({*places, *READ_ONLY.get(row["type"], ())})
    # The state of a write is there in every type, and no client compares it.
    places = [place for place in places if place != "properties.provisioningState"]
    return {"type": row["type"], "places": " ".join(places), "source": mark(near[0])} if places else None


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    arguments.add_argument("--check", action="store_true", help="write nothing; a difference is an error")
    arguments.add_argument("--references", type=Path, default=REFERENCES, metavar="FOLDER", help="where the tables are")
    asked = arguments.parse_args()
    rows = list(csv.DictReader((asked.references / "types.csv").open()))
    file = asked.references / "computed.csv"
    old = {row["type"]: row for row in csv.DictReader(file.open())} if file.exists() else {}
    read = [descriptions.read(folder, [row["type"] for row in rows]) for folder in asked.folders]
    found = {row["type"]: [d for one in read for d in one.of(row["type"])] for row in rows}
    new = [row_of(row, found[row["type"]]) or old.get(row["type"]) for row in rows]
    new = [row for row in new if row]
    changed = [row for row in new if old.get(row["type"]) != row]
    print(f"computed.csv: {len(changed)} of {len(new)} rows changed")
    if asked.check:
        sys.exit(1 if changed else 0)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, ["type", "places", "source"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(new)


if __name__ == "__main__":
    main()
