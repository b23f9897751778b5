"""The JSON form of every value of the model: dataclasses by their fields, tuples as lists."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: object) -> Any:
    """A value of the model as dicts, lists, strings, numbers; fields that do not compare are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(v) for v in value]
    return value


def from_json(kind: type[T], data: Any) -> T:
    """The value whose JSON form this is. Raises TypeError or KeyError on data of another shape."""
    return typing.cast(T, _read(kind, data))


def _read(kind: Any, data: Any) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        names = {f.name for f in dataclasses.fields(kind) if f.compare}
        if not isinstance(data, dict) or (unknown := set(data) - names):
            raise TypeError(f"{kind.__name__}: {sorted(unknown) if isinstance(data, dict) else data!r}")
        return kind(**{name: _read(hints[name], v) for name, v in data.items()})
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in args:
            return None
        return _read(next(a for a in args if a is not type(None)), data)
    if origin is tuple:
        return tuple(_read(args[0], v) for v in data)
    if origin is not None and issubclass(origin if isinstance(origin, type) else object, Mapping):
        return {k: _read(args[1], v) for k, v in data.items()}
    return data


def _hints(kind: type) -> dict[str, Any]:
    from splitter.model import image

    return typing.get_type_hints(kind, localns=vars(image))
