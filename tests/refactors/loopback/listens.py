BIND_HOST = "127.0.0.1"
HOST = "127.0.0.1"
app.run(host="127.0.0.1", port=8000)
server.bind(("127.0.0.1", 80))
HTTPServer(("localhost", 8000), Handler).serve_forever()
