"""Memory that is free is kept for the next block, and not made anew page by page."""

import subprocess
import sys

FAULTS = """
import asyncio, resource, sys
from exporters.core.heap import KeptHeap

async def main():
    async with KeptHeap():
        churn()

def churn():
    begun = 0
    for turn in range(20):
        if turn == 4:
            begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        blocks = [bytes(range(256)) * 16384 for _ in range(8)]
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun)

if sys.argv[1] == "kept":
    asyncio.run(main())
else:
    churn()
"""


def faults(heap: str) -> int:
    """Return how many pages were made anew for 16 times 32 MiB, of 8192 pages each."""
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, heap], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def test_pages_of_free_memory_are_not_made_anew() -> None:
    assert faults("kept") < faults("as it is") / 10
