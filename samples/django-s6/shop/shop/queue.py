"""The celery application; beat asks for a stock-taking every few seconds."""

import os

from celery import Celery

app = Celery("shop", broker=os.environ.get("BROKER_URL", "redis://localhost:6379/0"))
app.conf.update(
    imports=["orders.tasks"],
    beat_schedule={"stock": {"task": "orders.tasks.take_stock", "schedule": 3.0}},
    broker_connection_retry_on_startup=True,
)
