"""The worker as a process beside others."""

import os
import subprocess
import sys
import threading
from pathlib import Path


def test_the_worker_leaves_the_processor_to_the_door(tmp_path: Path):
    environment = {**os.environ, "LIFEBOAT_DATA_DIR": str(tmp_path), "LIFEBOAT_EXPORT_DIR": str(tmp_path / "exports")}
    command = [sys.executable, "-m", "app", "worker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        giving_up = threading.Timer(60, worker.kill)
        giving_up.start()
        assert worker.stderr is not None
        assert any("worker_started" in line for line in worker.stderr)
        niceness = os.getpriority(os.PRIO_PROCESS, worker.pid)
        worker.terminate()
        assert worker.wait(60) == 0
        giving_up.cancel()
    assert niceness == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)
