"""The supervisor of the gateway: who dies is started again, and holds up nobody else."""

import os
import signal
import subprocess

import pytest

from dev.instance import wait_until

SCRIPT = """
import os, pathlib, sys, time
from odoo.tools import config
config.parse_config([])
from odoo.addons.message_history.gateway import supervisor
from odoo.service.server import load_server_wide_modules
load_server_wide_modules()  # so that the children need not

def good():
    pathlib.Path(sys.argv[1], "good").write_text(str(os.getpid()))
    time.sleep(600)

def bad():
    with open(pathlib.Path(sys.argv[1], "bad"), "a") as log:
        log.write("x")
    return 1

sys.exit(supervisor.supervise([("bad", bad, ()), ("good", good, ())]))
"""


@pytest.fixture
def supervisor(faults_odoo, tmp_path):
    """A supervisor of one child that runs and one that always ends at once."""
    process = subprocess.Popen(
        [*faults_odoo.command()[:1], "-c", SCRIPT, str(tmp_path)], env=faults_odoo.environment(),
        cwd=faults_odoo.data_dir, stderr=(tmp_path / "log").open("w"))  # fmt: skip
    yield process
    process.kill()
    process.wait()


def _pid(folder):
    file = folder / "good"
    return int(file.read_text() or 0) if file.exists() else 0


def test_one_that_dies_again_and_again_holds_up_nobody(supervisor, tmp_path):
    """While the one waits ever longer for its next start, the other is back at once."""
    first = wait_until(lambda: _pid(tmp_path), 60, "the child runs")
    wait_until(lambda: len((tmp_path / "bad").read_text()) == 4, 30, "the other died four times")
    os.kill(first, signal.SIGKILL)
    second = wait_until(lambda: (_pid(tmp_path) != first and _pid(tmp_path)), 5, "it is started again")
    assert len((tmp_path / "bad").read_text()) == 4, "the other one did not wait"
    supervisor.terminate()
    assert supervisor.wait(20) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


RENEWED = """
import os, pathlib, sys
from odoo.tools import config
config.parse_config([])
from odoo.addons.message_history.gateway import process, supervisor
place = pathlib.Path(sys.argv[1])
count = len(list(place.glob("start*")))
(place / f"start{count}").write_text(str(os.getpid()))

def child():
    return process.EXIT_RENEW if not count else 0

if count > 1:
    sys.exit(5)
if count == 1:
    sys.exit(0)
sys.exit(supervisor.supervise([("child", child, ())]))
"""


def test_after_an_upgrade_the_whole_program_begins_anew_under_its_process_id(faults_odoo, tmp_path):
    """A child that was only forked again would go on with the code that was loaded before the upgrade."""
    process = subprocess.run(
        [*faults_odoo.command()[:1], "-c", RENEWED, str(tmp_path)], env=faults_odoo.environment(),
        cwd=faults_odoo.data_dir, stderr=(tmp_path / "log").open("w"), timeout=60, check=False)  # fmt: skip
    assert process.returncode == 0
    assert (tmp_path / "start0").read_text() == (tmp_path / "start1").read_text()
