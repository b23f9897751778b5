bind "tcp://0.0.0.0:3000"
threads 1, 5
