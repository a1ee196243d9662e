"""Log files in a bucket of S3, or of anything that speaks its API.

    list ─▶ what is not taken yet ─▶ blocks ─▶ body ─▶ spool

Each object becomes one batch, with the digest of its inflated content: however often it is read,
the ledger counts it once.
"""

from exporters.fastly.s3.bucket import Bucket, Object
from exporters.fastly.s3.reader import S3Reader

__all__ = ["Bucket", "Object", "S3Reader"]
