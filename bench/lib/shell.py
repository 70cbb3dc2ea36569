"""Commands and processes, each bounded in time; what was started is ended, by its own id, however a run ends."""

import atexit
import os
import signal
import subprocess
import sys
import time

_started = []


def say(text=""):
    print(text, flush=True)


def die(text):
    print("bench: " + text, file=sys.stderr, flush=True)
    sys.exit(1)


def run(*words, limit=30, check=True, **options):
    """Runs a command and returns what it printed."""
    try:
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=limit, check=False, **options)
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"{' '.join(map(str, words))}: no end within {limit} s") from late
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def start(*words, log=None, **options):
    """Starts a process that ends with this one at the latest."""
    with open(log or os.devnull, "ab") as out:
        process = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
    _started.append(process)
    return process


def stop(process, limit=10):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in _started:
        _started.remove(process)


@atexit.register
def stop_all():
    for process in list(_started):
        stop(process, 3)


# atexit does not run on a signal by itself.
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda *_: sys.exit(130))


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)
