REDIS_HOST = "localhost"
def f(os):
    return os
