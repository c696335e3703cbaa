"""A program that gets the alert as JSON on its standard input: no shell, a bare environment."""

import json
import os
import subprocess
from typing import Final

from costmodel.budget.alert import Alert
from costmodel.errors import BadInputError
from costmodel.io.delivery.channels.answer import Answer, Verdict
from costmodel.io.delivery.destination import Command
from costmodel.io.delivery.formats.webhook import json_body
from costmodel.io.delivery.transport import TIMEOUT_SECONDS

_PASSED_ON: Final = ("PATH", "HOME", "LANG", "TZ")


def run_command(command: Command, alert: Alert, webhook_id: str, *, allowed: bool) -> Answer:
    """Run the program; exit status 0 is the only yes.

    Raises:
        BadInputError: programs are not allowed.
        OSError: it could not be started or took too long.
    """
    if not allowed:
        raise BadInputError("format exec is off; set allow_exec: true in the destinations file")
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed argument list from the operator's own file
            command.argv,
            input=json.dumps(json_body(alert), allow_nan=False).encode(),
            env={**environment, "WEBHOOK_ID": webhook_id},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"the program ran longer than {TIMEOUT_SECONDS:g} s") from None
    if done.returncode == 0:
        return Answer(Verdict.DELIVERED, "exit status 0")
    return Answer(Verdict.FAILED, f"exit status {done.returncode}")
