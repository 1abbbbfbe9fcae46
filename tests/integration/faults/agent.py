"""An Odoo process that runs what it is told: one Python script per line of input, as JSON.

Loading the registry takes seconds and a fetch takes milliseconds, so a test keeps one process and
lets it fetch again and again; it can be killed like any other. Run as a program it is the process,
imported it is the side of the test.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

MARK = "@@agent@@"
READY_SECONDS = 120


class AgentDied(Exception):
    """The process ended before it had answered."""


class Agent:
    """The side of the test; starts the process when it is needed and it isn't there.

    :param environment: variables on top of Odoo's own
    """

    def __init__(self, odoo, dbname, log, **environment):
        self.odoo, self.dbname, self.log = odoo, dbname, log
        self.extra = environment
        self.faults = {}
        self.process = None
        self._answers = queue.Queue()

    def start(self):
        """Start the process and wait until it has loaded the registry."""
        self.launch()
        self._answer(READY_SECONDS)
        return self

    def launch(self):
        """Start the process; what is sent to it waits until it has loaded the registry."""
        # another queue each time: the thread of a killed process may still be writing to its own
        answers = self._answers = queue.Queue()
        environment = {**self.odoo.environment(), **self.extra, "FAULTS": json.dumps(self.faults)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.odoo.command()[:1], __file__, self.dbname], env=environment, cwd=self.odoo.data_dir,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)  # fmt: skip
        threading.Thread(target=_read, args=(self.process.stdout, answers), daemon=True).start()

    def arm(self, **faults):
        """Say what is to happen at which point (see the addon's hooks), from now on."""
        identity = time.monotonic_ns()
        self.faults = {point: {"id": f"{identity}{point}", **fault} for point, fault in faults.items()}
        if self.alive():
            self.run("import os, json; os.environ['FAULTS'] = json.dumps(faults)", faults=self.faults)

    def disarm(self):
        """Nothing is to happen any more."""
        self.arm()

    def alive(self):
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def run(self, script, seconds=120, **values):
        """Run a script with ``env`` and ``values``, commit, return what it set as ``result``.

        :raise AgentDied: when the process ended instead
        :raise RuntimeError: with the traceback, when the script raised
        """
        self.send(script, **values)
        return self.wait(seconds)

    def send(self, script, **values):
        """Have a script run, without waiting for its end."""
        if not self.alive():
            self.start()
        self.process.stdin.write(json.dumps([script, values]) + "\n")
        self.process.stdin.flush()

    def wait(self, seconds=120):
        """Wait for the answer to what was sent."""
        answer = self._answer(seconds)
        if "ready" in answer:
            answer = self._answer(seconds)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def _answer(self, seconds):
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"the agent gave no answer within {seconds} s, see {self.log}") from None
        if answer is None:
            self.process.wait()
            raise AgentDied(f"the agent ended with {self.process.returncode}")
        return answer

    def kill(self):
        """End it as a crash would."""
        if self.alive():
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self):
        """End it."""
        if self.alive():
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _read(stream, answers):
    for line in stream:
        if line.startswith(MARK):
            answers.put(json.loads(line[len(MARK):]))
    answers.put(None)


def _serve(dbname):
    from odoo import SUPERUSER_ID, api  # noqa: PLC0415 - only the process has Odoo on its path
    from odoo.modules.registry import Registry  # noqa: PLC0415
    from odoo.tools import config  # noqa: PLC0415

    config.parse_config(["-d", dbname], setup_logging=True)
    # Odoo's modules must not find this folder's
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent]
    _say({"ready": os.getpid(), "registry": Registry(dbname).db_name})
    for line in sys.stdin:
        script, values = json.loads(line)
        scope = {**values, "result": None}
        try:
            with Registry(dbname).cursor() as cr:
                scope["env"] = api.Environment(cr, SUPERUSER_ID, {})
                exec(script, scope)
                cr.commit()
            _say({"result": scope["result"]})
        except Exception:  # noqa: BLE001 - whatever it is, the test is told
            _say({"error": traceback.format_exc()})


def _say(answer):
    print(MARK + json.dumps(answer, default=str), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
