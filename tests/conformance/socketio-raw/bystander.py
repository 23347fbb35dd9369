"""Somebody who is connected the whole time and mustn't notice."""

import contextlib
import threading
import time

from engine import join
from http1 import Closed

PATIENCE = 3  # s, for an echo while the machine is busy with something else
ROOM = 64 << 20  # bytes by which the program may grow meanwhile


@contextlib.contextmanager
def bystander(program, room=ROOM, patience=PATIENCE):
    """Echoes beside what is done inside, and fails if an answer is late, wrong or missing, or if the program's memory grows by more than `room`."""
    before = program.memory()
    watch = Watch(program, patience)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
    assert watch.failure is None, f"the bystander noticed: {watch.failure}"
    # Not Node's: it gives its memory back when it pleases.
    if not program.node:
        watch.memory(program)
        grown = watch.most - before
        assert grown < room, f"the program has grown by {grown >> 20} MiB"


class Watch(threading.Thread):
    """The one who echoes."""

    def __init__(self, program, patience):
        super().__init__(daemon=True)
        self._program, self._patience = program, patience
        self._done = threading.Event()
        self._socket = join(program)
        self.failure, self.echoes, self.most = None, 0, 0

    def run(self):
        self._socket.http.socket.settimeout(self._patience)
        try:
            # Once more after the end, so that what was done last is seen too.
            last = False
            while not last:
                last = self._done.is_set()
                packet = f'42["echo",{self.echoes}]'
                start = time.monotonic()
                answer = self._socket.send(packet).recv()
                assert answer == packet, f"got {answer!r}"
                took = time.monotonic() - start
                assert took < self._patience, f"an echo took {took:.1f} s"
                self.echoes += 1
                self.memory(self._program)
                self._done.wait(0.02)
        except (AssertionError, Closed, OSError) as error:
            self.failure = error

    def memory(self, program):
        """Takes note of how large the program is."""
        self.most = max(self.most, program.memory())

    def stop(self):
        """Ends it."""
        self._done.set()
        self.join(self._patience + 1)
        self._socket.http.close()
