"""Disks that are really full: a small one of our own where we may mount, else a limit of the system on our files."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SIZE_KB = 4096


@dataclass(frozen=True)
class Disk:
    """A folder, and whether it is a disk of its own."""

    folder: Path
    is_mounted: bool

    @contextmanager
    def full(self, *, longest: int = 0) -> Iterator[None]:
        """Let nothing here grow.

        Where no disk is mounted, no file grows beyond `longest` bytes, or the longest one here.
        """
        with _ballast(self.folder / "ballast") if self.is_mounted else _limit(longest or self._longest()):
            yield

    def _longest(self) -> int:
        return max(file.stat().st_size for file in self.folder.iterdir())

    def names(self) -> set[str]:
        """Return the names of the files here, without ours."""
        return {file.name for file in self.folder.iterdir()} - {"ballast"}


@contextmanager
def small_disk(folder: Path, *, mount: bool) -> Iterator[Disk]:
    """Give a small disk, mounted if wished and allowed."""
    folder.mkdir()
    is_mounted = mount and _mounted(folder)
    try:
        yield Disk(folder, is_mounted)
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mounted(folder: Path) -> bool:
    """Mount a small disk in memory; say whether we may."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "none", str(folder)]
    with suppress(OSError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


@contextmanager
def _ballast(file: Path) -> Iterator[None]:
    with suppress(OSError), file.open("wb", buffering=0) as opened:
        while opened.write(b"x" * 4096):
            pass
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def _limit(longest: int) -> Iterator[None]:
    """Let no file of this process grow beyond a length; Python has the signal for it ignored."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
