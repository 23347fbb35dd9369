"""The server under test."""

import pathlib
import re
import subprocess
import sys
import tempfile

START = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


class Program:
    """A process that answers on `port`, started with some flags."""

    def __init__(self, path, flags):
        self.path, self.flags = path, flags
        self.node = path.suffix == ".mjs"
        command = ["node", path] if self.node else [path]
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen([*command, "--port", "0", *flags], stdout=subprocess.PIPE, stderr=self._log, text=True)
        line = self._process.stdout.readline()
        found = START.search(line)
        if not found:
            self.stop()
            sys.exit(f"{path} {' '.join(flags)} doesn't start: {line!r} {self.log()}")
        self.port = int(found[1])

    def either(self, *, node, madang):
        """What is expected where Madang differs from Node on purpose: docs/socketio-differences.md says why."""
        return node if self.node else madang

    def memory(self):
        """Resident memory in bytes."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024

    def log(self):
        """What it has written to its standard error."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def sound(self):
        """Fails if it has ended or a task of it has panicked."""
        status = self._process.poll()
        assert status is None, f"the program ended with {status}: {self.log()[-2000:]}"
        panic = re.search(r"panicked at.*\n?.*", self.log())
        assert panic is None, panic[0]

    def stop(self):
        """Ends it."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
