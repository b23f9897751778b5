DB_HOST = "localhost"
import os
# output
import os
DB_HOST = os.environ.get("DB_HOST", "localhost")
import os
