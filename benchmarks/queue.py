"""What the queue makes of attribution once a session is prepared: `python benchmarks/queue.py` (task_queue.py does the work).

A script's folder comes first on Python's path, so this file's name would hide the standard library's `queue` from every benchmark
beside it. When it is imported, it therefore hands over to that one.
"""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    from task_queue import main

    sys.exit(main())
else:
    spec = PathFinder.find_spec("queue", [folder for folder in sys.path if Path(folder).resolve() != HERE])
    assert spec is not None
    assert spec.loader is not None
    sys.modules["queue"] = standard = module_from_spec(spec)
    spec.loader.exec_module(standard)
