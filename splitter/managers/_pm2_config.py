"""pm2's ecosystem files: the apps of a .js, .cjs, .json, .yaml or .yml file, with what could not be read of them.

A .json file is read as JavaScript's own literals, as pm2 does it (lib/Common.js, parseConfig).
"""

from dataclasses import dataclass, field

from splitter.catalogue import load_yaml
from splitter.managers._js_values import Array, Late, Object, Undefined, Unknown, Value, string
from splitter.managers._launch import environment, folder
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image

# constants.js and Common.js: a name that holds one of these is a configuration, whatever stands before it.
KINDS = {
    ".json": "json", ".yml": "yaml", ".yaml": "yaml", ".config.js": "js", ".config.cjs": "js", ".config.mjs": "js",
}  # fmt: skip
MAX_APPS = 300
MAX_DEPTH = 12


@dataclass
class App:
    """One app: its options as plain values, and the options that only running the configuration would tell."""

    values: dict[str, object]
    evidence: Evidence
    open: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def text(self, *names: str) -> str:
        for name in names:
            value = self.values.get(name)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                return string(value) or ""
        return ""

    def words(self, *names: str) -> list[str] | None:
        """An option that is a list or a text; None where it is neither and where the file has it not."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, list):
                return [str(v) for v in value if isinstance(v, str | int | float)]
            if isinstance(value, str):
                return [value]
        return None


def kind_of(name: str) -> str:
    """ "json", "yaml" or "js" where pm2 takes the word for a configuration, else ""."""
    return next((kind for end, kind in KINDS.items() if end in name), "")


def apps(path: str, process: Process, image: Image) -> tuple[list[App], list[Gap]]:
    """The apps of the file at a path, and the gaps."""
    text = image.read(path)
    if not isinstance(text, str):
        return [], [text or image.missing(path, "pm2's configuration is not in the image")]
    kind = kind_of(path)
    if kind == "yaml":
        try:
            value = _value(load_yaml(text), 0)
        except ValueError as error:
            return [], [Gap(f"pm2 cannot read its configuration: {error}", Evidence(path))]
    else:
        # The grammar of JavaScript is loaded only where there is something to read with it.
        from splitter.managers._javascript import exported, literal

        env = environment(process, image)
        if kind == "json":
            value = literal(text, path)
        else:
            value = exported(text, path, env, folder(process, image), lambda p: _text(image, p))
    return _apps(value, path)


def _text(image: Image, path: str) -> str | None:
    text = image.read(path)
    return text if isinstance(text, str) else None


def _value(plain: object, depth: int) -> Value:
    """A value of YAML as one of JavaScript."""
    if depth > MAX_DEPTH:
        return Unknown("is nested too deep", 1)
    if isinstance(plain, dict):
        return Object((str(k), _value(v, depth + 1)) for k, v in plain.items())
    if isinstance(plain, list):
        return Array(_value(v, depth + 1) for v in plain)
    return plain if isinstance(plain, str | int | float | bool) or plain is None else str(plain)


def _apps(value: Value, path: str) -> tuple[list[App], list[Gap]]:
    gaps: list[Gap] = []
    for key in ("apps", "pm2"):
        if isinstance(value, Object) and key in value:
            value = value[key]
            break
    if isinstance(value, Object):
        if value.lost and not value:
            gaps += [Gap(f"pm2's apps: {u.what}", Evidence(path, u.line)) for u in value.lost]
            return [], gaps
        value = Array([value])
    if not isinstance(value, Array):
        what = value.what if isinstance(value, Unknown) else "names no apps"
        return [], [Gap(f"pm2's apps: {what}", Evidence(path, getattr(value, "line", None)))]
    gaps += [Gap(f"an app of pm2's: {u.what}", Evidence(path, u.line)) for u in value.lost]
    found: list[App] = []
    for item in value[:MAX_APPS]:
        if not isinstance(item, Object):
            what = item.what if isinstance(item, Unknown) else "is no object"
            gaps.append(Gap(f"an app of pm2's: {what}", Evidence(path, getattr(item, "line", None))))
            continue
        app = App({}, Evidence(path, item.line or None))
        for name, option in item.items():
            _put(app, name, option)
        for unknown in item.lost:
            app.open["..."] = unknown.what
            app.lines["..."] = unknown.line
        found.append(app)
    return found, gaps


def _put(app: App, name: str, option: Value) -> None:
    plain = _plain(option, 0)
    if isinstance(plain, Unknown):
        app.open[name], app.lines[name] = plain.what, plain.line
    elif not isinstance(plain, Late | Undefined):
        app.values[name] = plain
    if isinstance(option, Object):
        for key, value in option.items():
            if isinstance(value, Unknown):
                app.open[f"{name}.{key}"], app.lines[f"{name}.{key}"] = value.what, value.line
            elif isinstance(value, Late) and value.name != key:
                app.open[f"{name}.{key}"] = f"takes its value from ${value.name} when pm2 starts"
        for unknown in option.lost:
            app.open[f"{name}..."], app.lines[f"{name}..."] = unknown.what, unknown.line


def _plain(value: Value, depth: int) -> object:
    """As a plain value; in a list or an object what is not known is left out (and told of by `_put`)."""
    if depth > MAX_DEPTH:
        return Unknown("is nested too deep", 1)
    if isinstance(value, Object):
        inner = {k: _plain(v, depth + 1) for k, v in value.items()}
        return {k: v for k, v in inner.items() if not isinstance(v, Unknown | Late | Undefined)}
    if isinstance(value, Array):
        items = [_plain(v, depth + 1) for v in value]
        lost = next((i for i in items if isinstance(i, Unknown)), value.lost[0] if value.lost else None)
        return lost if lost is not None else [i for i in items if not isinstance(i, Late | Undefined)]
    return value
