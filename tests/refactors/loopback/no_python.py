def (:  "localhost"
