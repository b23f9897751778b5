"""Jobs."""
from __future__ import annotations
import os
from pymongo import MongoClient

client = MongoClient("mongodb://localhost:27017/")
# output
"""Jobs."""
from __future__ import annotations
import os
from pymongo import MongoClient

client = MongoClient(os.environ.get("MONGO_URL", "mongodb://localhost:27017/"))
