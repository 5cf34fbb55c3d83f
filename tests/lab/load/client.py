"""client.py TEXT: explain one string in a fresh process, and print the answer as a line of JSON."""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Explain the argument."""
    began = time.monotonic()
    import hostshift

    found = hostshift.explain(sys.argv[1])
    answer = {
        "after": found.after,
        "undecided": found.undecided,
        "certainty": ",".join(one.certainty for one in found.decisions),
        "reason": "; ".join([found.reason, *(one.reason for one in found.decisions)]).strip("; "),
        "seconds": time.monotonic() - began,
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    # A thread that waits for somebody must not hold up the next process.
    os._exit(0)


if __name__ == "__main__":
    main()
