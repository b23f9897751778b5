"""The Docker engine: the one module that talks to it, and the one that starts programs.

Whatever is made here for a moment (a container, a network, an image) carries LABEL with its owner, and is removed on
every way out of the program; what a killed run left is removed by the next one.
"""

import atexit
import contextlib
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from splitter.debts import Debts
from splitter.errors import SplitterError
from splitter.model.stat import IRREGULAR, Stat
from splitter.run import end_by_exception, left_over, owner
from splitter.upper import changes
from splitter.wire import Wire

LABEL = "org.compose-splitter.throwaway"
SOON = 1.0  # seconds, in which what is to be run comes first
BLOCK = 1 << 20  # docker-py's default chunking reads large answers far slower (docker-py#1595)


@cache
def connect() -> "Engine":
    """The engine that DOCKER_HOST or the current context names. Raises SplitterError where none answers."""
    import docker
    import requests

    try:
        client = docker.from_env(version="auto", timeout=120)
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
        raise SplitterError(
            f"no Docker engine answers ({_first_line(error)})",
            "start Docker, or point DOCKER_HOST at an engine; a folder with a Dockerfile is read without one",
        ) from None
    return Engine(client)


class Engine:
    """A connection. `client` is docker-py's own, for what has no method here."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.api = client.api
        if self.local:
            self.api.trust_env = False  # no proxy leads to a socket, and to look for one takes a third of a question
        self._debts = Debts()
        self._numbers = itertools.count(1)
        self._swept = False
        atexit.register(self._debts.close, for_good=True)
        end_by_exception()

    @property
    def local(self) -> bool:
        """Whether it is reached over a socket of this machine."""
        return str(self.api.base_url).startswith("http+docker://")

    def inspect(self, image: str) -> Mapping[str, Any]:
        """`docker image inspect`. Raises SplitterError where the engine has no such image."""
        import docker

        if not image or any(ord(c) <= 32 for c in image):
            raise SplitterError(f"not the name of an image: {image!r}", "an image is named like `app:1.0`")
        with talking():
            try:
                found: Mapping[str, Any] = self.api.inspect_image(image)
            except (docker.errors.NotFound, docker.errors.NullResource):
                raise SplitterError(
                    f"no image {image} in the engine",
                    f"nothing is pulled by itself: `docker pull {image}`, or build it; see `docker images`",
                ) from None
            except docker.errors.APIError as error:
                if not error.is_client_error() and "invalid reference" not in str(error):
                    raise
                raise SplitterError(f"not the name of an image: {image}", "an image is named like `app:1.0`") from None
        return found

    def container(self, image: str, **options: Any) -> "Container":
        """A throw-away container, created and not started; `discard` removes it, with its anonymous volumes.

        `options` are those of docker-py's `create_container`, `host_config` as a mapping.
        """
        limits = options.pop("host_config", {})
        with self._making(self._remove_container) as name:
            made = self.api.create_container(
                image,
                name=name,
                labels={LABEL: owner()},
                host_config=self.api.create_host_config(**limits),
                **options,
            )
            return Container(self, name, made["Id"])

    def network(self) -> str:
        """The name of a throw-away network that leads nowhere outside."""
        with self._making(partial(self._remove, self.api.remove_network)) as name:
            # Without an address of its own on that bridge, the engine's host is not to be reached either.
            alone = {"com.docker.network.bridge.inhibit_ipv4": "true"}
            self.api.create_network(name, driver="bridge", internal=True, options=alone, labels={LABEL: owner()})
            return name

    def project(self) -> str:
        """A name for a throw-away Compose project; all that Compose makes under it goes with it."""
        with self._making(self._remove_project) as name:
            return name

    def discard(self, name: str) -> None:
        """Remove a throw-away thing now."""
        self._debts.pay(name)

    def leave(self, *names: str) -> None:
        """Remove throw-away things in their order while the program goes on; its end waits for it, as `close` does."""
        self._debts.later(*names)

    def build(self, context: str, *, file: str = "", target: str = "", args: Mapping[str, str] | None = None) -> str:
        """Build a folder with the command-line client, to a throw-away image; its id. Raises SplitterError."""
        words = ["build", "-q", "--label", f"{LABEL}={owner()}"]
        words += ["-f", file] * bool(file) + ["--target", target] * bool(target)
        for key, value in (args or {}).items():
            words += ["--build-arg", f"{key}={value}"]
        self._prepare()
        done = self.run("docker", *words, context)
        if done.returncode:
            raise SplitterError(f"docker build failed: {done.tail}", f"try `docker build {context}` by itself")
        image = done.stdout.strip().splitlines()[-1]
        self._debts.owe(image, partial(self._remove, self.api.remove_image, image))
        return image

    def compose(
        self, *words: str, cwd: str | Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 600
    ) -> "Done":
        """`docker compose WORDS`, its output captured. A failure is the caller's to judge, by the exit code."""
        return self.run("docker", "compose", *words, cwd=cwd, env=env, timeout=timeout)

    def run(
        self,
        *words: str,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = 1800,
    ) -> "Done":
        """Run a client program to its end. Raises SplitterError where it is not there or takes too long."""
        if not shutil.which(words[0]):
            raise SplitterError(f"no `{words[0]}` command on this machine", "install Docker's command-line client")
        started = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        try:
            out, err = started.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise SplitterError(f"`{' '.join(words[:4])}` did not end within {timeout:.0f} seconds") from None
        finally:
            if started.poll() is None:
                started.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    started.wait(10)
                started.kill()
        return Done(started.returncode, out, err)

    def compose_version(self) -> str:
        """The Compose plugin's version. Raises SplitterError where there is none."""
        done = self.compose("version", "--short")
        if done.returncode:
            raise SplitterError(
                "the docker command has no Compose plugin", "install docker-compose-plugin 2.24 or later"
            )
        return done.stdout.strip().lstrip("v")

    def sweep(self) -> None:
        """Remove what earlier runs on this machine left when they were killed. Raises SplitterError."""
        wanted = {"filters": {"label": LABEL}}
        for made in self.api.containers(all=True, **wanted):
            if left_over((made["Labels"] or {}).get(LABEL, "")):
                self._remove_container(made["Id"])
        for made in self.api.networks(**wanted):
            if left_over((made["Labels"] or {}).get(LABEL, "")):
                self._remove(self.api.remove_network, made["Id"])
        for made in self.api.volumes(**wanted)["Volumes"] or []:
            if left_over((made["Labels"] or {}).get(LABEL, "")):
                self._remove(self.api.remove_volume, made["Name"])
        for made in self.api.images(**wanted):
            if left_over((made["Labels"] or {}).get(LABEL, "")):
                self._remove(self.api.remove_image, made["Id"])

    def close(self) -> None:
        """Remove all that is left of this run; also done when the program ends, however it does."""
        self._debts.close()

    @contextlib.contextmanager
    def _making(self, remove: Callable[[str], None]) -> Iterator[str]:
        """A name whose thing is removed in the end, whether or not the engine had time to say that it made it."""
        self._prepare()
        name = f"splitter-{os.getpid()}-{int(time.time() * 1000):x}-{next(self._numbers)}"
        with self._debts.making(name, partial(remove, name)), talking():
            yield name

    def _prepare(self) -> None:
        """Before the first thing is made: what others left goes too, once the engine has less to do."""
        if not self._swept:
            self._swept = True
            self._debts.aside(self.sweep, SOON)

    def _remove_container(self, name: str) -> None:
        self._remove(self.api.remove_container, name, force=True, v=True)

    def _remove_project(self, name: str) -> None:
        mine = {"filters": {"label": f"com.docker.compose.project={name}"}}
        for _ in range(5):  # the engine may still be making what an interrupted Compose had asked for
            with contextlib.suppress(SplitterError), talking():
                containers, networks = self.api.containers(all=True, **mine), self.api.networks(**mine)
                volumes = self.api.volumes(**mine)["Volumes"] or []
                if not (containers or networks or volumes):
                    return
                for made in containers:
                    self._remove_container(made["Id"])
                for made in networks:
                    self._remove(self.api.remove_network, made["Id"])
                for made in volumes:
                    self._remove(self.api.remove_volume, made["Name"])

    def _remove(self, remove: Callable[..., object], name: str, **how: Any) -> None:
        """Remove, and take "not there", "being removed already" and a dead engine for an answer."""
        import docker
        import requests

        for wait in (0.1, 0.3, 1, 0):
            try:
                remove(name, **how)
            except docker.errors.NotFound:
                return
            except (docker.errors.APIError, requests.RequestException, OSError):
                time.sleep(wait)
            else:
                return


@dataclass(frozen=True)
class Container:
    """A throw-away container."""

    engine: Engine
    name: str
    id: str

    def discard(self) -> None:
        self.engine.discard(self.name)

    def stat(self, path: str) -> Stat | None:
        """What stands at a path, in 2 ms and without its content; the folders above it may be links.

        None where nothing does; of kind "other" where the engine cannot tell (a loop of links).
        """
        from docker.utils import decode_json_header

        api = self.engine.api
        url = f"{api.base_url}/v{api.api_version}/containers/{self.id}/archive"
        with talking():
            answer = api.head(url, params={"path": path}, timeout=api.timeout)
        said = answer.headers.get("x-docker-container-path-stat")
        if answer.status_code == 404:
            return None
        if answer.status_code != 200 or not said:
            return Stat(IRREGULAR, 0, "")
        found = decode_json_header(said)
        return Stat(int(found["mode"]), int(found["size"]), str(found["linkTarget"]))

    @contextlib.contextmanager
    def archive(self, path: str) -> Iterator[Iterator[bytes]]:
        """The tar of a path as it streams in; leaving early costs nothing. Raises FileNotFoundError."""
        import docker

        with talking():
            try:
                chunks, _ = self.engine.api.get_archive(self.id, path, chunk_size=BLOCK)
            except docker.errors.NotFound:
                raise FileNotFoundError(path) from None
            try:
                yield chunks
            finally:
                chunks.close()

    def start(self) -> None:
        with talking():
            self.engine.api.start(self.id)

    def exec(self, argv: Sequence[str], **options: Any) -> Iterator[bytes]:
        """The output of a command run inside, as it comes."""
        api = self.engine.api
        with talking():
            made = api.exec_create(self.id, list(argv), stdin=False, stderr=False, **options)["Id"]
            chunks: Iterator[bytes] = api.exec_start(made, stream=True)
            return chunks

    def talk(self, argv: Sequence[str], **options: Any) -> Wire:
        """A command run inside, with its stdin."""
        api = self.engine.api
        with talking():
            made = api.exec_create(self.id, list(argv), stdin=True, stderr=False, **options)["Id"]
            return Wire(api.exec_start(made, socket=True))

    def stdin(self) -> Wire:
        """What the main process reads, where the container was made with `stdin_open`."""
        with talking():
            return Wire(self.engine.api.attach_socket(self.id, params={"stdin": 1, "stream": 1}))

    def written(self) -> int:
        """Bytes in its own layer; what is in volumes is not among them."""
        with talking():
            found = self.engine.api.containers(all=True, size=True, filters={"id": self.id})
            return int(found[0].get("SizeRw") or 0) if found else 0

    def state(self) -> Mapping[str, Any]:
        """`State` of `docker inspect`."""
        with talking():
            found: Mapping[str, Any] = self.engine.api.inspect_container(self.id)["State"]
            return found

    def kill(self) -> None:
        """Kill it, if it still runs."""
        import docker

        with talking(), contextlib.suppress(docker.errors.APIError):
            self.engine.api.kill(self.id)

    def top(self) -> Mapping[str, Any]:
        """`docker top -eo pid,ppid,uid,args`; nothing where it does not run."""
        import docker

        with talking():
            try:
                found: Mapping[str, Any] = self.engine.api.top(self.id, ps_args="-eo pid,ppid,uid,args")
            except docker.errors.APIError:
                return {"Titles": [], "Processes": []}
            return found

    def diff(self) -> Sequence[Mapping[str, Any]]:
        """`docker diff`: slow on large images where the engine must say it, so ask once."""
        with talking():
            driver = self.engine.api.inspect_container(self.id).get("GraphDriver") if self.engine.local else None
            found = changes(driver or {})
            return found if found is not None else self.engine.api.diff(self.id) or []

    def logs(self, lines: int) -> str:
        with talking():
            return bytes(self.engine.api.logs(self.id, tail=lines)).decode(errors="replace")


@dataclass(frozen=True)
class Done:
    """How a program that was run ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def tail(self) -> str:
        """Its last line that says something."""
        lines = [line for line in (self.stderr + "\n" + self.stdout).splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"exit code {self.returncode}"


@contextlib.contextmanager
def talking() -> Iterator[None]:
    """Errors of the engine and of the way to it, as SplitterError."""
    import docker
    import requests

    try:
        yield
    except docker.errors.APIError as error:
        raise SplitterError(f"the Docker engine refused: {error.explanation or error}") from error
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise SplitterError(f"the Docker engine went away ({_first_line(error)})", "is it still running?") from error


def _first_line(error: object) -> str:
    """What an error says, without the layers of libraries around what the system said."""
    text = str(error).strip()
    known = ("No such file or directory", "Connection refused", "Permission denied", "timed out")
    plain = next((k.lower() for k in known if k in text), text.split("\n")[0])
    return plain or type(error).__name__
