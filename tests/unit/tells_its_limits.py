"""A reader that tells what it may do, for the test of that."""

import json
import os
import resource
import signal
from collections.abc import Iterator

from app.files.reading_process import serve


def tell(_: object, data: bytes) -> Iterator[str]:
    """Yield the limits of this process, and the settings it sees."""
    if data == b"wait":
        signal.pause()
    yield json.dumps(
        {
            "secrets": [name for name in os.environ if name.startswith("LIFEBOAT_")],
            "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
            "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
            "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
            "files": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
        }
    )


if __name__ == "__main__":
    serve(tell)
