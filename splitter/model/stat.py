"""What an engine says of a path of a container, its mode as Go's os.FileMode has it (pkg.go.dev/io/fs#FileMode)."""

from dataclasses import dataclass

from splitter.model.image import Kind

IRREGULAR = 1 << 19  # neither a file nor anything else that has a bit of its own


@dataclass(frozen=True)
class Stat:
    """What stands at a path of a container; `target` is where a link leads in the end, inside the container."""

    mode: int  # as Go's os.FileMode has it: the kind in the high bits
    size: int
    target: str

    @property
    def kind(self) -> Kind:
        if self.mode & 1 << 31:
            return "dir"
        if self.mode & 1 << 27:
            return "link"
        return "other" if self.mode & (1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19) else "file"

    @property
    def permissions(self) -> int:
        """As chmod(2) has them."""
        special = ((23, 0o4000), (22, 0o2000), (20, 0o1000))
        return self.mode & 0o777 | sum(bit for high, bit in special if self.mode & 1 << high)
