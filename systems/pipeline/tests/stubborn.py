"""A job that does not want to end: a child in its group, one out of it, and an orphan without a
mark; and it does not heed SIGTERM."""

import signal
import subprocess
import sys
import time

NAP = [sys.executable, "-c", "import time; time.sleep(600)"]

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(NAP)
    subprocess.Popen(NAP, start_new_session=True)
    parent = f"import subprocess; subprocess.Popen({NAP}, start_new_session=True)"
    subprocess.run([sys.executable, "-c", parent], env={}, check=True)
    print("ready", flush=True)
    time.sleep(600)
