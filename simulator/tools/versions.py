#!/usr/bin/env python3
"""Simulator, tools: in which version of a type each of its properties came, out of a checkout of Azure/bicep-types-az.

    simulator/tools/versions.py FOLDER [--check]

The result is src/arm/versions.csv: `type`, `places`, `source`. A place is `NAME@VERSION` or `properties.NAME@VERSION`:
every version that is described and older than VERSION lacks it, and VERSION and all later ones have it. What came and
went, and what was there from the first version on, is left out. With --check nothing is written, and a difference is
an error. Needs only Python.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

ARM = Path(__file__).resolve().parent.parent / "src" / "arm"


def age(version):
    """Previews of a day come before what is stable."""
    return (version[:10], not version[10:])


def members(types, reference):
    found = types[int(reference["$ref"].rsplit("/", 1)[-1])]
    return {**found.get("properties", {}), **found.get("baseProperties", {})}


def places(types, body):
    out = set()
    for name, member in members(types, body).items():
        out.add(name)
        if name == "properties":
            inner = types[int(member["type"]["$ref"].rsplit("/", 1)[-1])]
            out |= {f"properties.{below}" for below in members(types, member["type"])}
            # One of several forms: what each of them has counts.
            for element in inner.get("elements", {}).values() if isinstance(inner.get("elements"), dict) else ():
                out |= {f"properties.{below}" for below in members(types, element)}
    return out


def read(folder, wanted):
    """By type in lower case: places by version."""
    found = {}
    for file in sorted(folder.rglob("types.json")):
        types = json.loads(file.read_text(encoding="utf-8"))
        for text in types if isinstance(types, list) else ():
            if text.get("$type") == "ResourceType":
                kind, version = text["name"].split("@")
                if kind.lower() in wanted:
                    found.setdefault(kind.lower(), {}).setdefault(version, set()).update(places(types, text["body"]))
    return found


def row(kind, by_version):
    versions = sorted(by_version, key=age)
    out = []
    for place in sorted(set().union(*by_version.values())):
        has = [place in by_version[version] for version in versions]
        first = has.index(True)
        if first > 0 and all(has[first:]):
            out.append(f"{place}@{versions[first]}")
    if not out:
        return None
    return {"type": kind, "places": " ".join(out), "source": f"bicep {versions[0]} to {versions[-1]}"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, metavar="FOLDER")
    arguments.add_argument("--check", action="store_true", help="write nothing; a difference is an error")
    asked = arguments.parse_args()
    kinds = [line["type"] for line in csv.DictReader((ARM / "types.csv").open())]
    # Identities have a table of their own, with what only some versions in between have.
    kinds = [kind for kind in kinds if not kind.lower().startswith("microsoft.managedidentity/")]
    found = read(asked.folder, {kind.lower() for kind in kinds})
    rows = [row(kind, found[kind.lower()]) for kind in kinds if kind.lower() in found]
    rows = [one for one in rows if one]
    file = ARM / "versions.csv"
    before = list(csv.DictReader(file.open())) if file.exists() else []
    changed = [one for one in rows if one not in before]
    print(f"versions.csv: {len(rows)} rows, {len(changed)} of them new or changed")
    if asked.check:
        sys.exit(1 if changed else 0)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, ["type", "places", "source"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
