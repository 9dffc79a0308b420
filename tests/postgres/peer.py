"""How fast durable steps of DBOS are on the server that PEER_URL names: workflows of steps that do nothing, at once.

Prints one JSON line. `tests/postgres/speed` installs DBOS and starts this; WORKFLOWS and STEPS are its arguments.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS

WORKFLOWS, STEPS = int(sys.argv[1]), int(sys.argv[2])
TEXT = "x" * 200

DBOS(config={"name": "peer", "system_database_url": os.environ["PEER_URL"], "log_level": "ERROR", "run_admin_server": False})


@DBOS.step()
def nothing(text: str) -> str:
    return text


@DBOS.workflow()
def chain(steps: int) -> int:
    for _ in range(steps):
        nothing(TEXT)
    return steps


DBOS.launch()
begun = time.monotonic()
with ThreadPoolExecutor(max_workers=64) as pool:
    done = sum(pool.map(chain, [STEPS] * WORKFLOWS))
seconds = time.monotonic() - begun
print(json.dumps({"peer": "dbos", "workflows": WORKFLOWS, "steps": STEPS, "seconds": round(seconds, 2), "steps_per_s": round(done / seconds)}))
DBOS.destroy()
