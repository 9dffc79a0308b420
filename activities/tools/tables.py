#!/usr/bin/env python3
"""Activities, tools: makes every table of the references anew out of API descriptions, and says what changed.

    activities/tools/tables.py FOLDER... [--check] [--note FILE] [--references FOLDER]

FOLDER holds API descriptions: a checkout of Azure/azure-rest-api-specs, or those that are made of it (descriptions.py
says which). One after the other it makes types.csv (places.py: what carries and what names an identity), writes.csv (writes.py: which
of PUT and PATCH takes each place, and from where that is known) and computed.csv (computed.py: what Azure alone writes),
each out of the one before. What changed is printed; --note adds it to a file under the day of it, with the commits of the
folders. With --check nothing is written, and a difference is an error. Needs only Python.
"""

import argparse
import datetime
import subprocess
import sys
from pathlib import Path

import places

STEPS = ("places.py", "writes.py", "computed.py")


def commit(folder):
    """The commit of a checkout, or the name of a folder that is none."""
    asked = subprocess.run(
        ["git", "-C", folder, "rev-parse", "--show-toplevel", "HEAD"], capture_output=True, text=True, check=False
    )
    top, _, head = asked.stdout.strip().partition("\n")
    return f"{Path(top).name}@{head[:12]}" if asked.returncode == 0 else Path(folder).resolve().name


def said(step, asked):
    """What one of the scripts says; its status is 1 where --check found a difference."""
    command = [sys.executable, Path(__file__).parent / step, *asked.folders, "--references", asked.references]
    ran = subprocess.run([*command, *["--check"] * asked.check], capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1) or ran.stderr:
        sys.exit(f"{step} ended with {ran.returncode}, and the tables after it are as they were\n{ran.stderr}")
    return ran.stdout.splitlines(), ran.returncode


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    arguments.add_argument("--check", action="store_true", help="write nothing; a difference is an error")
    arguments.add_argument("--note", type=Path, metavar="FILE", help="add what changed to this file, with the day")
    arguments.add_argument("--references", type=Path, default=places.REFERENCES, metavar="FOLDER", help="where the tables are")
    asked = arguments.parse_args()
    if missing := [str(folder) for folder in asked.folders if not folder.is_dir()]:
        sys.exit(f"no folder: {', '.join(missing)}; nothing was changed")
    lines, worst = [], 0
    for step in STEPS:
        more, status = said(step, asked)
        lines, worst = [*lines, *more], max(worst, status)
    print("\n".join(lines))
    if asked.note and not asked.check:
        read = ", ".join(commit(str(folder)) for folder in asked.folders)
        head = f"\n## {datetime.date.today().isoformat()}\n\nRead: {read}.\n\n"
        with asked.note.open("a") as note:
            note.write(head + "".join(f"- {line}\n" for line in lines))
    sys.exit(worst if asked.check else 0)


if __name__ == "__main__":
    main()
