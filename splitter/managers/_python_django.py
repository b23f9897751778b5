"""Django's `call_command`: a command of the project's own is followed, one of Django's is a start of `manage.py`.

A command is `management/commands/NAME.py` of an application, with a class Command whose handle() gets what
add_arguments() declares (django.core.management, and "How to create custom django-admin commands").
"""

import ast
from collections.abc import Callable, Sequence

from splitter.managers._python_arguments import Parser
from splitter.managers._python_calls import Calls
from splitter.managers._python_values import Class, Function, Instance, Module, Unknown, known

FOLDERS = ("", "*/", "*/*/")
Glob = Callable[[str], Sequence[str]]


class Django(Calls):
    """The commands of a Django project that a script calls; its statements are the work of the class above."""

    glob: Glob = staticmethod(lambda pattern: ())

    def module_at(self, path: str, name: str) -> Module | None:
        raise NotImplementedError

    def command(self, args: list[object], more: dict[str, object], node: ast.Call) -> object:
        """`call_command(name, *args, **options)`."""
        name = args[0] if args else None
        if not isinstance(name, str) or not name.replace("_", "").isalnum():
            return Unknown()
        path = self.own_command(name)
        if path:
            return self.follow(path, args[1:], more, node)
        manage = next((p for p in (f"{root}/manage.py" for root in self.paths) if self.read(p) is not None), "")
        front = [self.library.program, manage] if manage else ["django-admin"]
        words = [*args[1:], *(["--no-input"] if more.get("interactive") is False and "--no-input" not in args else [])]
        self.event(self.made("run", [*front, *args[:1], *words], {}, node))
        return None

    def own_command(self, name: str) -> str:
        """The file of a command that the project itself has; "" where there is none, or more than one."""
        found: dict[str, None] = {}
        for root in self.paths:
            for folder in FOLDERS:
                found |= dict.fromkeys(self.glob(f"{root.rstrip('/')}/{folder}management/commands/{name}.py"))
        return next(iter(found)) if len(found) == 1 else ""

    def follow(self, path: str, args: list[object], more: dict[str, object], node: ast.Call) -> object:
        module = self.module_at(path, path.removesuffix(".py").rpartition("/")[2])
        what = module.scope.names.get("Command") if module is not None else None
        if not isinstance(what, Class):
            return Unknown()
        made = self.invoke(what, [], {}, node)
        handle = what.find("handle")
        if not isinstance(made, Instance) or not isinstance(handle, Function):
            return Unknown()
        parser = Parser()
        adds = what.find("add_arguments")
        if isinstance(adds, Function):
            self.invoke(self.bound(adds, made), [parser], {}, node)
        words = [str(a) for a in args if known(a)]
        parsed = parser.parse(words) if len(words) == len(args) else None
        options = {**(parsed[0] if parsed else {}), **more}
        return self.invoke(self.bound(handle, made), [], options, node)
