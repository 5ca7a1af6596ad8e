"""One grading process seen from outside: it is asked, waited for, and killed if need be.

The processes are started with :mod:`subprocess` and spoken to through pipes, so that they can be
started from threads, from process pools, and from the workers of a cluster alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final

from bptt_sym.check.grade.grading import Record, failed

#: Seconds that a process may take to start.
START: Final = 60.0
#: Submissions after which a process is replaced, so that nothing piles up in it.
REUSE: Final = 400

TIME_LIMIT: Final = "stopped: it took longer than {seconds:g} s"
MEMORY_LIMIT: Final = "stopped: it needed more than {megabytes} MB"
DIED: Final = "the process that graded it died ({how})"


class Child:
    """A grading process with a memory limit; started at the first job."""

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes
        self._process: subprocess.Popen[bytes] | None = None
        self._rubric = ""
        self._jobs = 0

    def grade(
        self, rubric: Mapping[str, Any], digest: str, submission: Mapping[str, Any], seconds: float
    ) -> Record:
        """The record of a submission, whatever happens to the process."""
        process = self._started()
        assert process.stdin is not None and process.stdout is not None
        job: dict[str, Any] = {"submission": submission, "seconds": seconds}
        if self._rubric != digest:
            job["rubric"] = rubric
            self._rubric = digest
        stopped = threading.Event()

        def stop() -> None:
            stopped.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        finally:
            timer.cancel()
        self._jobs += 1
        if not line.endswith(b"\n"):
            code = self._ended()
            if stopped.is_set():
                return failed(rubric, submission, TIME_LIMIT.format(seconds=seconds))
            return failed(rubric, submission, DIED.format(how=_how(code)), again=True)
        reply = json.loads(line)
        if "record" in reply:
            return reply["record"]  # type: ignore[no-any-return]
        # After running out of memory nothing in the process can be relied on.
        self.close()
        if reply["problem"] == "memory":
            return failed(rubric, submission, MEMORY_LIMIT.format(megabytes=self.megabytes))
        return failed(rubric, submission, reply["problem"], again=True)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and (self._jobs >= REUSE or self._process.poll() is not None):
            self.close()
        if self._process is None:
            self._process = self._start()
        return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        self._rubric, self._jobs = "", 0
        # Thread pools of linear algebra would reserve address space for every core.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
                       "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "bptt_sym.check.grade.worker", str(self.megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        assert process.stdout is not None
        timer = threading.Timer(START, process.kill)
        timer.daemon = True
        timer.start()
        ready = process.stdout.readline()
        timer.cancel()
        if ready != b"ready\n":
            process.kill()
            process.wait()
            raise RuntimeError("a grading process could not be started")
        return process

    @property
    def pid(self) -> int | None:
        """The process that is running, if there is one."""
        return self._process.pid if self._process is not None else None

    def _ended(self) -> int:
        process, self._process = self._process, None
        assert process is not None
        try:
            code = process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        _close_pipes(process)
        return code

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            _close_pipes(process)


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:  # what was left to write has no reader any more
            continue


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"status {code}"
