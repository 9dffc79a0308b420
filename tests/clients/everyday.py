"""Runs calls.txt, commands of the Azure CLI that everyday operators type, in one process against `rehome sim serve`.

    everyday.py BINARY ROOT

Prints each call that did not go as it should, with the requests that it sent; the last line is "N passed, M failed".
"""

import contextlib
import io
import json
import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.request

REHOME, ROOT = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
SUBSCRIPTIONS = {
    "sub": "8f4cf463-df2c-525f-a7ea-a4f1756244cb",
    "plat": "5e984d29-430a-50d7-a0e0-61b6bff8955d",
    "hr": "3f15707d-52e7-5b46-a3d8-7b5824e19c98",
}
# A call that takes longer waits for something that will not come.
LONGEST = 60
SCHEMA = "https://schema.management.azure.com/schemas"


class TooSlow(BaseException):
    """Not an Exception: the CLI catches those."""


def too_slow(*_):
    raise TooSlow()


class Errors(io.StringIO):
    """Where the CLI writes what went wrong; its log keeps the first stream that it sees."""

    current = None

    def write(self, text):
        return (Errors.current or sys.__stderr__).write(text)


def files(folder):
    """What some of the calls read."""
    identity = {
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31",
        "name": "[parameters('name')]", "location": "[resourceGroup().location]",
    }
    principal = "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('name')), '2023-01-31').principalId]"
    group = {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "rg-bysub", "location": "westeurope"}
    texts = {
        "t.json": {
            "$schema": f"{SCHEMA}/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
            "parameters": {"name": {"type": "string"}}, "resources": [identity],
            "outputs": {"pid": {"type": "string", "value": principal}},
        },
        "sub.json": {
            "$schema": f"{SCHEMA}/2018-05-01/subscriptionDeploymentTemplate.json#", "contentVersion": "1.0.0.0",
            "resources": [group],
        },
        "role.json": {
            "Name": "Rehome tester", "IsCustom": True, "Description": "d", "Actions": ["*/read"], "NotActions": [],
            "AssignableScopes": [f"/subscriptions/{SUBSCRIPTIONS['sub']}"],
        },
        "pol.json": {"if": {"field": "type", "equals": "Microsoft.Network/publicIPAddresses"}, "then": {"effect": "audit"}},
        "batch.json": {"requests": [{"id": "1", "method": "GET", "url": "/groups"}]},
    }
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            json.dump(text, out)


def az(arguments, folder):
    """Status, output and errors of one command."""
    from azure.cli.core import get_default_cli

    out, errors, code = io.StringIO(), io.StringIO(), 0
    Errors.current = errors
    signal.alarm(LONGEST)
    with contextlib.redirect_stdout(out):
        try:
            code = get_default_cli().invoke([*arguments, "-o", "json"], out_file=out)
        except SystemExit as end:
            code = end.code
        except (Exception, TooSlow) as error:
            code = 99
            errors.write(repr(error))
    signal.alarm(0)
    Errors.current = None
    return code or 0, out.getvalue(), errors.getvalue()


def parsed(line):
    """Command, check, the text of a failure, and what is saved."""
    command, _, rest = line.partition(" ##")
    check = fails = None
    saved = []
    for part in map(str.strip, rest.split(";;")):
        if part.startswith("fails "):
            fails = part.removeprefix("fails ")
        elif part.startswith("save "):
            saved = [one.strip().partition("=")[::2] for one in part.removeprefix("save ").split(",")]
        elif part:
            check = part
    return command.strip(), check, fails, saved


def tried(line, known, folder):
    """Nothing where a call went as it should, else why not."""
    command, check, fails, saved = parsed(line)
    text = re.sub(r"\{(\w+)\}", lambda name: known[name[1]], command)
    code, out, errors = az(shlex.split(text), folder)
    if fails is not None:
        return None if code and fails.lower() in errors.lower() else f"it should fail with {fails}: {errors or out}"
    if code:
        return errors or out or f"it ended with {code}"
    answer = json.loads(out) if out.strip() else None
    scope = {"r": answer, "V": known}
    if check is not None and not eval(check, scope):
        return f"{check} does not hold: {out[:600]}"
    for name, expression in saved:
        known[name] = str(eval(expression, scope))
    return None


def main():
    folder = tempfile.mkdtemp(prefix="rehome-calls-")
    estate = os.path.join(ROOT, "examples", "contoso", "estate.json")
    command = [REHOME, "sim", "serve", "--estate", estate, "--tls", "--time-scale", "2000"]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    ready = json.loads(served.stdout.readline())
    os.environ.update(
        AZURE_CONFIG_DIR=os.path.join(folder, "config"), AZURE_CORE_COLLECT_TELEMETRY="no",
        AZURE_CORE_INSTANCE_DISCOVERY="false", AZURE_CORE_ONLY_SHOW_ERRORS="true",
        AZURE_EXTENSION_USE_DYNAMIC_INSTALL="no", REQUESTS_CA_BUNDLE=ready["ca"], SSL_CERT_FILE=ready["ca"],
    )
    sys.stderr = Errors()
    signal.signal(signal.SIGALRM, too_slow)
    files(folder)
    known = {**SUBSCRIPTIONS, **{k: v for k, v in ready.items() if isinstance(v, str)}, "f": folder}
    known["S"] = f"/subscriptions/{known['sub']}"
    known["RG"], known["N"] = (f"{known['S']}/resourceGroups/{name}" for name in ("rg-pay-weu", "rg-new"))
    trusted = ssl.create_default_context(cafile=ready["ca"])

    def requests():
        with urllib.request.urlopen(ready["arm"] + "/sim/requests", context=trusted) as answer:
            return [json.loads(line) for line in answer.read().decode().splitlines()]

    passed = failed = 0
    with open(os.path.join(HERE, "calls.txt"), encoding="utf-8") as lines:
        calls = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for line in calls:
        before = len(requests())
        try:
            why = tried(line, known, folder)
        except Exception as error:  # a check that does not fit the answer
            why = repr(error)
        passed, failed = passed + (why is None), failed + (why is not None)
        if why is not None:
            print(f"FAILED  az {line}\n        {why.strip()[-800:]}", flush=True)
            for request in requests()[before:]:
                print(f"        {request['host']} {request['method']} {request['path'][:200]} {request['status']}")
    served.terminate()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
