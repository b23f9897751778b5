"""The original and the split, brought up and compared.

The original comes up twice (original.py) and the split once (project.py), all of it thrown away afterwards. The same
requests go to both (asking.py); what the two originals disagree on is noise and is not compared (answers.py). From what
was seen come checks (expect.py, checks.py, driving.py), and from these a table or a JSON document (report.py). How
running containers are looked into is not this package's: functions for that come in from outside.
"""
