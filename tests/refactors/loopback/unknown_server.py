connection = connect(host="localhost")
settings = {"host": "localhost"}
url = "http://localhost:8000"
def get(host="localhost"): ...
