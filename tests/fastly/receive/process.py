"""A receiver in a process of its own, to be killed: `python -m … DATA_DIR PORT`."""

import asyncio
import sys
from pathlib import Path

from tests.fastly.receive.receiving import receiving


async def main(data_dir: Path, port: str) -> None:
    """Receive until killed; segments are small, so that many are begun and sealed."""
    async with receiving(data_dir, listen=f"127.0.0.1:{port}", segment_size="200kB"):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
