"""For the tests of archives: layers, `docker save` archives and OCI layouts, made in memory."""

import hashlib
import io
import json
import tarfile


def layer(*entries):
    """A layer. An entry is a path ("etc/" is a folder), with a text, or with a dict of TarInfo's own fields."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for entry in entries:
            path, what = entry if isinstance(entry, tuple) else (entry, b"")
            member = tarfile.TarInfo(path)
            member.mode = 0o755 if path.endswith("/") else 0o644
            data = what.encode() if isinstance(what, str) else what if isinstance(what, bytes) else b""
            if path.endswith("/"):
                member.type, data = tarfile.DIRTYPE, b""
            for key, value in (what if isinstance(what, dict) else {}).items():
                setattr(member, key, value)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def link(target):
    return {"type": tarfile.SYMTYPE, "linkname": target, "mode": 0o777}


def hard(target):
    return {"type": tarfile.LNKTYPE, "linkname": target}


def device():
    return {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}


def archive(parts):
    """A tar file with these parts, bytes or (for a link) a str."""
    return layer(*((name, link(what) if isinstance(what, str) else what) for name, what in parts.items()))


CONFIG = {"os": "linux", "architecture": "amd64", "config": {"Cmd": ["/sbin/my_init"], "Env": ["A=1"]}}


def saved(*layers, config=None, tags=("app:1",)):
    """The parts of what `docker save` writes for one image."""
    parts = {f"{n}/layer.tar": data for n, data in enumerate(layers)}
    listed = [{"Config": "c.json", "RepoTags": list(tags), "Layers": list(parts)}]
    return {**parts, "c.json": _json(config or CONFIG), "manifest.json": _json(listed)}


def layout(*images, index=None):
    """The parts of an OCI layout. An image is a dict: `layers`, and maybe `config`, `name`, `platform`, `type`."""
    parts = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"})}
    listed = [_image(parts, **one) for one in images]
    top = index(parts, listed) if index else listed
    parts["index.json"] = _json({"schemaVersion": 2, "manifests": top})
    return parts


def nested(parts, manifests):
    """An index in the index, as `docker buildx` writes it."""
    kind = "application/vnd.oci.image.index.v1+json"
    entry = _blob(parts, _json({"schemaVersion": 2, "mediaType": kind, "manifests": manifests}), kind)
    return [{**entry, "annotations": {"org.opencontainers.image.ref.name": "1.0"}}]


def _image(parts, layers, config=None, name=None, platform=None, type="application/vnd.oci.image.config.v1+json"):
    made = [_blob(parts, data, "application/vnd.oci.image.layer.v1.tar") for data in layers]
    manifest = {"schemaVersion": 2, "config": _blob(parts, _json(config or CONFIG), type), "layers": made}
    entry = _blob(parts, _json(manifest), "application/vnd.oci.image.manifest.v1+json")
    if name:
        entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    if platform:
        entry["platform"] = dict(zip(("os", "architecture"), platform.split("/"), strict=True))
    return entry


def _blob(parts, data, kind):
    digest = hashlib.sha256(data).hexdigest()
    parts[f"blobs/sha256/{digest}"] = data
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}


def _json(value):
    return json.dumps(value).encode()


def write(folder, parts):
    for name, data in parts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
