import os.path

REDIS_HOST = "localhost"
BROKER_URL: str = 'amqp://guest@localhost//'
# output
import os.path

REDIS_HOST = os.environ.get("REDIS_HOST", "localhost")
BROKER_URL: str = os.environ.get("BROKER_URL", 'amqp://guest@localhost//')
