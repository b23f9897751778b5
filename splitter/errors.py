"""The one exception: something that the person who typed the command can put right."""


class SplitterError(Exception):
    """Said as `splitter: MESSAGE` with `hint: HINT` below it, exit code 2.

    `at` is the place it is about, as `path` or `path:line`, and stands before the message.
    """

    def __init__(self, message: str, hint: str | None = None, at: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at

    def __str__(self) -> str:
        return f"{self.at}: {self.message}" if self.at else self.message
