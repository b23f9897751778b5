import os
from celery import Celery

app = Celery("shop", broker="redis://localhost:6379/0", backend="redis://localhost:6379/1")
# output
import os
from celery import Celery

app = Celery("shop", broker=os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/0"), backend=os.environ.get("CELERY_RESULT_BACKEND", "redis://localhost:6379/1"))
