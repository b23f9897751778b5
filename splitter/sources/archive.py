"""What `docker save` wrote, an OCI archive, or an OCI layout folder: read in place, layer by layer, never unpacked.

`docker save` lists its images in manifest.json (newer engines add an OCI layout for the same blobs); an OCI layout
begins at index.json, which may lead through further indexes to one manifest for each platform (OCI image-layout.md).
"""

import hashlib
import os
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from splitter.errors import SplitterError
from splitter.model.image import Image
from splitter.sources import Options
from splitter.sources._config import config_of, text, words
from splitter.sources._layers import Layers
from splitter.sources._store import DAMAGE, FolderStore, Store, TarStore, broken, read_json

PREFIXES = ("docker-archive", "oci-archive", "oci")

MAX_INDEXES = 200
PLATFORM = ("linux", "amd64")  # where an index offers several; as the reader of Dockerfiles assumes
NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
HINT = "splitter reads what `docker save` writes, OCI archives and OCI layout folders"


@dataclass(frozen=True)
class Choice:
    """One image of an archive: its names, its configuration and its layers as parts, and how well its platform fits."""

    names: tuple[str, ...]
    config: str
    layers: tuple[str, ...]
    rank: int = 0


def read(reference: str, options: Options) -> Image:
    """The image in an archive or layout: `PATH`, or `PATH:NAME` where it holds several.

    Raises SplitterError where it is not there, no archive of an image, damaged, or holds no image of that name.
    """
    path, wanted = _split(reference)
    store = _store(path)
    choice = _chosen(list(_choices(store)), wanted, path)
    config = read_json(store, choice.config)
    if not isinstance(config, dict):
        raise broken(store, f"{choice.config} is no configuration of an image")
    if config.get("os") == "windows":
        raise SplitterError("it is a Windows image", "splitter reads Linux images", path)
    layers = Layers(store, choice.layers)
    names = [name for name in choice.names if wanted and _full(name) == _full(wanted)] or [*choice.names, ""]
    return Image(reference, config_of(config.get("config")), layers.tree, gaps=tuple(layers.gaps), name=names[0])


def _split(reference: str) -> tuple[str, str]:
    """The path and the image's name behind it; the longest path that is there."""
    parts = reference.split(":")
    for count in range(len(parts), 0, -1):
        path = ":".join(parts[:count])
        if path and os.path.exists(path):
            return path, ":".join(parts[count:])
    raise SplitterError(f"no such archive: {parts[0] or '(empty)'}", HINT)


def _store(path: str) -> Store:
    if os.path.isdir(path):
        return FolderStore(path)
    try:
        return TarStore(path)
    except DAMAGE as error:
        if isinstance(error, PermissionError):
            raise SplitterError(f"cannot be read ({error.strerror})", HINT, path) from error
        said = str(error).strip().split("\n")[0] or "it ends too early"
        hint = "a compose file is named compose:FILE#SERVICE" if path.endswith((".yml", ".yaml")) else HINT
        raise SplitterError(f"is no archive of an image, or a damaged one ({said})", hint, path) from error


def _choices(store: Store) -> Iterator[Choice]:
    if store.has("manifest.json"):
        yield from _saved(store)
    elif store.has("index.json"):
        yield from _indexed(store)
    else:
        raise SplitterError("holds no image: neither manifest.json nor index.json", HINT, store.path)


def _saved(store: Store) -> Iterator[Choice]:
    listed = read_json(store, "manifest.json")
    for entry in listed if isinstance(listed, list) else ():
        config = text(entry.get("Config")) if isinstance(entry, dict) else ""
        if not config:
            raise broken(store, "manifest.json names no configuration")
        yield Choice(words(entry.get("RepoTags")), config, words(entry.get("Layers")))


def _indexed(store: Store) -> Iterator[Choice]:
    """One choice for each entry of index.json that leads to an image, its platform decided."""
    for entry in _manifests(_object(store, "index.json")):
        found = _image(store, entry, set())
        if found is not None:
            config = _blob(store, text(_mapping(found.get("config")).get("digest")))
            digests = (text(layer.get("digest")) for layer in _list(found.get("layers")))
            notes = _mapping(entry.get("annotations"))
            names = tuple(dict.fromkeys(text(notes.get(key)) for key in NAMES if notes.get(key)))
            yield Choice(names, config, tuple(_blob(store, digest) for digest in digests), _rank(entry))


def _image(store: Store, entry: dict[str, Any], seen: set[str]) -> dict[str, Any] | None:
    """The manifest that a descriptor leads to; None for an attestation, another system, or what is no image."""
    if _mapping(entry.get("annotations")).get("vnd.docker.reference.type"):
        return None
    digest = text(entry.get("digest"))
    if digest in seen or len(seen) > MAX_INDEXES:
        return None
    seen.add(digest)
    found = _object(store, _blob(store, digest))
    if "manifests" in found:
        return next((one for each in sorted(_manifests(found), key=_rank) if (one := _image(store, each, seen))), None)
    if "fsLayers" in found:
        raise SplitterError("an image of the old schema 1", "pull and save it with a current engine", store.path)
    kind = text(_mapping(found.get("config")).get("mediaType"))
    return found if "image" in kind or not kind else None


def _manifests(index: dict[str, Any]) -> list[dict[str, Any]]:
    return _list(index.get("manifests"))


def _rank(entry: dict[str, Any]) -> int:
    """0 for the platform that is wanted, 1 for another Linux, 2 for the rest; the order of the index among equals."""
    platform = _mapping(entry.get("platform"))
    at = (text(platform.get("os")) or "linux", text(platform.get("architecture")) or "amd64")
    return 0 if at == PLATFORM else 1 if at[0] == "linux" else 2


def _object(store: Store, name: str) -> dict[str, Any]:
    found = read_json(store, name)
    if not isinstance(found, dict):
        raise broken(store, f"{name} is no JSON object")
    if name.startswith("blobs/sha256/") and hashlib.sha256(_bytes(store, name)).hexdigest() != name[13:]:
        raise broken(store, f"{name} does not have the content that its name stands for")
    return found


def _bytes(store: Store, name: str) -> bytes:
    with store.open(name) as file:
        return file.read()


def _blob(store: Store, digest: str) -> str:
    """The part of a digest (descriptor.md), which must not be a path of any other kind."""
    algorithm, _, value = digest.partition(":")
    if not algorithm.isalnum() or not value or not set(value) <= set(string.hexdigits):
        raise broken(store, f"{digest or '(nothing)'} is no digest")
    return f"blobs/{algorithm}/{value}"


def _chosen(choices: list[Choice], wanted: str, path: str) -> Choice:
    if not choices:
        raise SplitterError("holds no image that runs on Linux", HINT, path)
    fitting = [c for c in choices if not wanted or any(_full(name) == _full(wanted) for name in c.names)]
    names = list(dict.fromkeys(name for c in choices for name in c.names))
    if not fitting:
        raise SplitterError(f"holds no image {wanted}", f"it holds {', '.join(names) or 'one without a name'}", path)
    # Images without different names are one image for different platforms.
    if len({(c.config, c.layers) for c in fitting}) > 1 and len({c.names for c in fitting}) > 1:
        raise SplitterError(
            f"holds {len(fitting)} images", f"name one, as in {path}:{names[0]}; {', '.join(names)}", path
        )
    return min(fitting, key=lambda c: c.rank)


def _full(name: str) -> str:
    """A name with what `docker` leaves out."""
    name = name.removeprefix("docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def _mapping(raw: object) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _list(raw: object) -> list[dict[str, Any]]:
    return [each for each in raw if isinstance(each, dict)] if isinstance(raw, list) else []
