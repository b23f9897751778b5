"""No Dockerfile, archive or compose text makes a source raise anything but SplitterError; no path leaves the root."""

import contextlib
import io
import posixpath
import tarfile
import tempfile
from pathlib import Path

import pytest
from archives import archive, hard, layer, layout, link, saved
from hypothesis import given
from hypothesis import strategies as st

from splitter.errors import SplitterError
from splitter.model.facts import Gap
from splitter.model.image import Config, Image, normal
from splitter.sources import open_source
from splitter.sources._context import walk

WORDS = st.sampled_from(
    [
        "a",
        "../a",
        "/a/../../b",
        ".",
        "/",
        "*",
        "**",
        "$V",
        "${V:-x}",
        "${V",
        "'x",
        '"y z"',
        "\\",
        "<<E",
        "<<-'E'",
        "-p",
        "--from=s",
        "--from=0",
        "--chown=a:b",
        "--chmod=u+x",
        "--parents",
        "--exclude=*",
        "&&",
        "|",
        ">",
        ">>",
        ";",
        "\n  # c\n",
        "\\\n",
        "mkdir",
        "echo",
        "cp",
        "rm",
        "-rf",
        "ln",
        "-s",
        "mv",
        "chmod",
        "cat",
        "sed",
        "-i",
        "s/a/b/",
        "for",
        "in",
        "do",
        "done",
        "E",
        "l",
        "d/l",
        "up",
        '["a",',
        '"b"]',
        "scratch",
        "AS",
        "s",
        "\x00",
        "\ud800",
        "é",
        "80-9999999",
        "NONE",
        "CMD",
    ]
)
NAMES = st.sampled_from(
    [
        "FROM",
        "RUN",
        "COPY",
        "ADD",
        "ENV",
        "ARG",
        "USER",
        "WORKDIR",
        "VOLUME",
        "EXPOSE",
        "HEALTHCHECK",
        "SHELL",
        "CMD",
        "ENTRYPOINT",
        "LABEL",
        "STOPSIGNAL",
        "ONBUILD RUN",
        "ONBUILD COPY",
        "# escape=`",
        "E",
        "nonsense",
    ]
)
LINES = st.tuples(NAMES, st.lists(WORDS, max_size=6)).map(lambda line: " ".join((line[0], *line[1])))
DOCKERFILES = st.one_of(
    st.text(max_size=200),
    st.lists(LINES, max_size=8).map("\n".join),
    st.lists(LINES, max_size=8).map(
        lambda lines: "\n".join(("FROM scratch AS s", *lines, "E", "FROM s", "COPY --from=s / /"))
    ),
)


@pytest.fixture(scope="module")
def folder():
    """A context with a link out of it, a loop of links, and a secret beside it that no image may show."""
    with tempfile.TemporaryDirectory() as made:
        context = Path(made) / "context"
        (context / "d").mkdir(parents=True)
        (Path(made) / "secret").write_text("SECRET")
        (context / "a").write_text("a\n")
        (context / "l").symlink_to("../secret")
        (context / "d/l").symlink_to(f"{made}/secret")
        (context / "up").symlink_to("..")
        (context / "loop").symlink_to("loop")
        yield context


def check(image: Image) -> None:
    """Every entry has a normal path and can be read to a text, a Gap or nothing, never to the secret."""
    for count, path in enumerate(walk(image.tree, "/")):
        assert normal(path) == path
        text = image.read(path)
        assert text is None or isinstance(text, str | Gap)
        assert not isinstance(text, str) or "SECRET" not in text
        if count > 300:
            break
    for name in image.config.volumes:
        assert posixpath.isabs(name)


def check_source(reference: str) -> None:
    """It is an image as `check` has it, or an error in one line with a hint."""
    try:
        image = open_source(reference)
    except SplitterError as error:
        said = error
    else:
        check(image)
        return
    assert said.hint
    assert "\n" not in str(said)


@given(text=DOCKERFILES)
def test_a_dockerfile_gives_an_image_or_an_error_that_is_explained(folder, text):
    (folder / "Dockerfile").write_bytes(text.encode("utf-8", "surrogatepass"))
    check_source(f"dockerfile:{folder}")


@given(
    ignore=st.one_of(
        st.text(max_size=60),
        st.lists(st.sampled_from(["*", "!a", "**/l", "d/", "[", "\\", "!d", "!.."])).map("\n".join),
    )
)
def test_no_dockerignore_makes_it_raise(folder, ignore):
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /c\n")
    (folder / ".dockerignore").write_bytes(ignore.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(SplitterError):
        check(open_source(f"dockerfile:{folder}"))
    (folder / ".dockerignore").unlink()


PARTS = st.lists(st.sampled_from(["a", "b", "..", ".", "", ".wh.a", ".wh..wh..opq", ".wh.", "l"]), max_size=4).map(
    "/".join
)
ENTRIES = st.one_of(
    st.tuples(PARTS, st.text(max_size=5)),
    st.tuples(PARTS, PARTS.map(link)),
    st.tuples(PARTS, PARTS.map(lambda target: link("/" + target))),
    st.tuples(PARTS, PARTS.map(hard)),
    st.tuples(PARTS.map(lambda path: path + "/"), st.just(b"")),
)
LAYERS = st.lists(st.lists(ENTRIES, max_size=6).map(lambda entries: layer(*entries)), max_size=3)


@given(layers=LAYERS)
def test_layers_of_any_names_stay_in_the_root(tmp_path_factory, layers):
    path = tmp_path_factory.getbasetemp() / "layers.tar"
    path.write_bytes(archive(saved(*layers)))
    check(open_source(f"docker-archive:{path}"))


WHOLE = [
    archive(saved(layer("etc/", ("etc/a", "1"), ("b", link("etc/a"))), layer(".wh.b"))),
    archive(layout({"layers": [layer(("a", "1"))], "name": "x", "platform": "linux/amd64"})),
]


@given(
    whole=st.sampled_from(WHOLE),
    edits=st.lists(st.tuples(st.integers(0, 12_000), st.binary(min_size=1, max_size=20)), max_size=4),
    end=st.integers(0, 14_000),
)
def test_damaged_archives_are_explained(tmp_path_factory, whole, edits, end):
    data = bytearray(whole)
    for at, put in edits:
        data[at : at + len(put)] = put
    path = tmp_path_factory.getbasetemp() / "damaged.tar"
    path.write_bytes(bytes(data[:end]) if end < 12_000 else bytes(data))
    check_source(f"docker-archive:{path}")


@given(
    text=st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
                [
                    "services:\n",
                    "  a:\n",
                    "    build: .\n",
                    "    image: x\n",
                    "    command: [a\n",
                    "    ports: ['1-99999999:2', {}]\n",
                    "    volumes: ['./up:/u', '/:/r', 'x:/v', [], {}]\n",
                    "    extends: a\n",
                    "    <<: *x\n",
                    "x: &x {user: u}\n",
                    "    environment: [A, B=$C, 3]\n",
                    "    env_file: ../secret\n",
                    "    healthcheck: {test: }\n",
                    "    configs: [c, {}]\n",
                    "configs: {c: {content: '${'}}\n",
                    "    build: {context: ../.., args: [x]}\n",
                ]
            ),
            max_size=12,
        ).map("".join),
    )
)
def test_a_compose_file_gives_an_image_or_an_error_that_is_explained(folder, text):
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "c.yml").write_bytes(text.encode("utf-8", "surrogatepass"))
    if "image: x" in text:
        return  # an engine would be asked
    check_source(f"compose:{folder}/c.yml#a")


def test_the_check_itself_sees_a_path_that_leaves():
    class Bad:
        def lookup(self, path):
            return None

        def children(self, path):
            return ("../x",) if path == "/" else ()

    with pytest.raises(AssertionError):
        check(Image("", Config(), Bad()))


def test_the_archives_of_these_tests_are_whole():
    for data in WHOLE:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            assert tar.getnames()
