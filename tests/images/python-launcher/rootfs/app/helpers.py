import subprocess

started = []


def spawn(command, **options):
    started.append(subprocess.Popen(command, **options))


def wait_all():
    for process in started:
        process.wait()
