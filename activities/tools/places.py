#!/usr/bin/env python3
"""Activities, tools: makes types.csv: the types that carry an identity, and the places in which types may name one.

    activities/tools/places.py FOLDER... [--check] [--references FOLDER]

FOLDER holds API descriptions that describe a PUT and what is read-only: a checkout of Azure/azure-rest-api-specs or of
Azure/bicep-types-az (descriptions.py says more). The result is references/types.csv: `type`; `api_version`, the newest
stable version, or the newest preview where only that has what the row says; `identity_map`; `references`, as `rid:`,
`cid:` or `oid:` and the place; and `source`, the description in which that was read. A type that no folder describes
stays as it was.

What a place may hold is told by its name, its surroundings and its description (`identifier`). Where that is wrong, a
row of exceptions.csv says so and why: `type`, `place` (`*` is every place of the type, `@` its version), `says` (`rid`,
`cid`, `oid` or `no`; a version), `why`. With --check nothing is written, and a difference is an error. Needs only Python.
"""

import argparse
import csv
import re
import sys
from pathlib import Path

import descriptions

REFERENCES = Path(__file__).resolve().parent.parent / "src" / "references"
EXCEPTIONS = Path(__file__).resolve().parent / "exceptions.csv"
COLUMNS = ("type", "api_version", "identity_map", "references", "source")
# The others do not say what of a PUT is a text, and what nobody may write.
TELLING = ("swagger", "bicep")
# The texts that name an identity's resource, where nothing else has to be asked.
RESOURCE = {
    "identity", "userassignedidentity", "useridentity", "defaultidentity", "managedidentity", "managedidentityname",
    "keyvaultreferenceidentity", "primaryuserassignedidentity", "contentmanagedidentity", "userassignedidentities",
    "securityoperatorresourceid", "defaultmanagedidentityid",
}
OF_IDENTITY = re.compile(r"identit|msi|managedid", re.I)
RESOURCE_ID = re.compile(r"(resourceid|armid|armurl|identityid)$")
# Another application's, whatever stands around it: for keys in other tenants, and for people who sign in to a site.
NOT_CLIENT = re.compile(r"federated\w*clientid|delegatedidentityclientid|identityproviders|serviceprincipal", re.I)
# Those who did something, and the registrations of appliances.
NOT_PRINCIPAL = re.compile(r"(created|updated|modified|reviewed)by|\bowner\.|spndetails|serviceprincipal", re.I)


def identifier(path, about):
    """Which name of an identity may stand in a text, if any."""
    bare = re.sub(r"\[\]|\.?\{\*\}", "", path)
    above, _, name = bare.rpartition(".")
    name = name.lower()
    if name.endswith("clientid") or name == "acrusermanagedidentityid":
        speaks = OF_IDENTITY.search(bare) or re.search(r"managed identity|user.assigned", about, re.I)
        return "cid" if speaks and not NOT_CLIENT.search(bare) else None
    if name in ("objectid", "principalid"):
        return None if NOT_PRINCIPAL.search(bare) else "oid"
    if name in RESOURCE and about.lower().startswith("the client id"):
        return "cid"
    if name in RESOURCE or (OF_IDENTITY.search(name) and RESOURCE_ID.search(name)):
        return "rid"
    return "rid" if name == "resourceid" and OF_IDENTITY.search(above) and "destination" not in above.lower() else None


def texts(node, path=""):
    """Every text that a write may send, as its place and its description; a list or map of identities is one."""
    of_forms = {name for form in node.forms.values() for name in form.members}
    parts = [(path, node.members, of_forms)]
    parts += [(f"{path}<{form}>", child.members, ()) for form, child in node.forms.items()]
    for here, members, elsewhere in parts:
        for name, member in members.items():
            if member.read_only or name in elsewhere:
                continue
            yield from inside(member, f"{here}.{name}" if here else name)


def inside(member, place):
    whole = place.rpartition(".")[2].lower() == "userassignedidentities" and member.item is not None
    if whole:
        yield place, member.about
    while member.item is not None:
        place, member = place + ("[]" if member.is_list else ".{*}"), member.item
    if member.is_text and not whole:
        yield place, member.about
    yield from texts(member, place)


def takes_map(body):
    block = body.members.get("identity")
    identities = block.members.get("userAssignedIdentities") if block and not block.read_only else None
    return identities is not None and not identities.read_only and not identities.is_list


class Versions(descriptions.Descriptions):
    """Which versions of which types are described; reads no body."""

    def __init__(self):
        super().__init__(())
        self.spelt = {}

    def wants(self, kind, version, is_written):
        if kind is not None and is_written:
            self.spelt.setdefault(kind.lower(), {})[version] = kind
        return False

    def chosen(self):
        """Of each type the newest stable version, and the newest of all."""
        for kind, versions in self.spelt.items():
            stable = [version for version in versions if re.fullmatch(r"\d{4}-\d\d-\d\d", version)]
            yield kind, {max(stable, default=max(versions)), max(versions)}


class Bodies(descriptions.Descriptions):
    """What the chosen versions say; a body is forgotten as soon as it was looked at."""

    def __init__(self, chosen):
        super().__init__(chosen)
        self.chosen, self.said = chosen, {}

    def wants(self, kind, version, is_written):
        return kind is not None and is_written and version in self.chosen.get(kind.lower(), ())

    def add(self, kind, version, source, method, body):
        if method != "PUT" or body is None:
            return
        named = {}
        for place, about in texts(body):
            if re.match(r"identity\b", place) or not (says := identifier(place, about)):
                continue
            named.setdefault(place, says)
        versions = self.said.setdefault(kind.lower(), {})
        versions.setdefault(version, (kind, takes_map(body), named, f"{source}@{version}"))


def exceptions(file):
    with file.open() as rows:
        return list(csv.DictReader(rows, delimiter=";"))


def corrected(kind, named, rows):
    """The places of a type, as the exceptions have them."""
    out = dict(named)
    for row in rows:
        if row["type"].lower() != kind.lower() or row["place"] == "@":
            continue
        if row["says"] != "no":
            out[row["place"]] = row["says"]
        for place in [p for p in out if row["says"] == "no" and row["place"] in ("*", p)]:
            del out[place]
    return out


def row_of(versions, rows):
    """The row of a type, or `None` where it neither carries nor names an identity."""
    newest = sorted(versions, key=lambda version: (version.endswith("preview"), version))
    stable = [version for version in newest if re.fullmatch(r"\d{4}-\d\d-\d\d", version)]
    order = stable[-1:] + [version for version in newest if version not in stable]
    named = {}
    for version in reversed(order):
        named.update(versions[version][2])
    kind = versions[order[0]][0]
    named = corrected(kind, named, rows)
    maps = [version for version in order if versions[version][1]]
    says = maps or [version for version in order if set(versions[version][2]) & set(named)]
    if not says and not named:
        return None
    used = says[0] if says else order[0]
    references = sorted(named.items(), key=lambda one: (plain(one[0]), one[0]))
    pinned = [row["says"] for row in rows if row["place"] == "@" and row["type"].lower() == kind.lower()]
    return {"type": kind, "api_version": (pinned or [used])[0], "identity_map": "map" if maps else "-",
            "references": " ".join(f"{says}:{place}" for place, says in references), "source": versions[used][3]}


def plain(place):
    return re.sub(r"<[^>]*>", "", place)


def difference(was, now):
    """What is to be said of a row that is new or another one."""
    if was is None:
        return f"new: {now['identity_map']} {now['references']}"
    out = [f"{name} {was[name]} -> {now[name]}" for name in ("api_version", "identity_map") if was[name] != now[name]]
    old, new = set(was["references"].split()), set(now["references"].split())
    out += [f"+{place}" for place in sorted(new - old)] + [f"-{place}" for place in sorted(old - new)]
    return ", ".join(out)


def made(folders, old, rows):
    index = Versions()
    for folder in folders:
        descriptions.read_into(index, folder, TELLING)
    bodies = Bodies(dict(index.chosen()))
    for folder in folders:
        descriptions.read_into(bodies, folder, TELLING)
    found = {kind: row_of(versions, rows) for kind, versions in bodies.said.items()}
    stay = {kind: row for kind, row in old.items() if kind not in found}
    return sorted([row for row in [*found.values(), *stay.values()] if row], key=lambda row: row["type"].lower())


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    arguments.add_argument("--check", action="store_true", help="write nothing; a difference is an error")
    arguments.add_argument("--references", type=Path, default=REFERENCES, metavar="FOLDER", help="where the tables are")
    asked = arguments.parse_args()
    file = asked.references / "types.csv"
    old = {row["type"].lower(): row for row in csv.DictReader(file.open())} if file.exists() else {}
    new = made(asked.folders, old, exceptions(EXCEPTIONS))
    here = {row["type"].lower() for row in new}
    changed = [(kind, difference(old.get(kind), row)) for row in new if (kind := row["type"].lower()) and difference(old.get(kind), row)]
    for row in new:
        if said := difference(old.get(row["type"].lower()), row):
            print(f"{row['type']}: {said}")
    gone = [row["type"] for kind, row in old.items() if kind not in here]
    for kind in gone:
        print(f"{kind}: gone")
    print(f"types.csv: {len(changed) + len(gone)} of {len(new)} rows changed")
    if asked.check:
        sys.exit(1 if changed or gone else 0)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(new)


if __name__ == "__main__":
    main()
