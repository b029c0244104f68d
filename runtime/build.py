"""Building programs from their Go modules, once, into the user's cache folder.

Each folder `sidecar`, `control-plane` and `cli` beside this file is a Go module that pins one set
of Dapr's programs; the sidecar has a few lines of ours besides (`sidecar/daprd/main.go`). `s3` pins
an S3 gateway, which a system can ask for.
A module's programs are built into a temporary folder that is renamed when all are there, so what
carries the final name is whole; its name holds the version and a digest of pins and sources.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from runtime.errors import SetupError

_PINS = Path(__file__).parent
_DAPR = "github.com/dapr/dapr"
_STAMP = f"-X {_DAPR}/pkg/buildinfo.version="
_TICK_SECONDS = 0.5
_LINE_SECONDS = 15.0


_NO_GO = (
    "Neither a Dapr with placement and scheduler nor Go was found: install the Dapr CLI "
    "and run `dapr init --slim` (runtime 1.18 or newer), or install Go 1.26.6 or newer so "
    "that Dapr can be built."
)
_IS_BUILT = "is built from its Go module, and there is no Go: install Go 1.26.6 or newer."


@dataclass(frozen=True)
class Module:
    """One Go module: the package its version is read from, the programs to build, and how many
    packages are compiled for them when nothing is cached. ``pins`` has its folder."""

    name: str
    pinned: str
    packages: tuple[str, ...]
    compiled: int
    stamp: str
    tags: str = ""
    cgo: bool = False
    of: str = "Dapr"
    pins: Path = _PINS

    @property
    def folder(self) -> Path:
        return self.pins / self.name

    @property
    def version(self) -> str:
        """Return the version that the module's go.mod requires, without the v."""
        for line in (self.folder / "go.mod").read_text().splitlines():
            words = line.removeprefix("require").split()
            if words[:1] == [self.pinned] and len(words) > 1:
                return words[1].removeprefix("v")
        raise SetupError(f"{self.folder / 'go.mod'} does not require {self.pinned}.")

    @property
    def key(self) -> str:
        """Return the name under which its programs are cached."""
        files = [self.folder / "go.mod", self.folder / "go.sum", *sorted(self.folder.rglob("*.go"))]
        content = b"".join(file.read_bytes() for file in files)
        return f"{self.name}-{self.version}-{sha256(content).hexdigest()[:12]}"


MODULES = (
    # `dapr workflow list` reads SQLite through cgo, where there is a C compiler.
    Module(
        "cli", "github.com/dapr/cli", ("github.com/dapr/cli",), 1790, "-X main.version=", cgo=True
    ),
    Module(
        "control-plane",
        _DAPR,
        tuple(f"{_DAPR}/cmd/{program}" for program in ("placement", "scheduler", "sentry")),
        990,
        _STAMP,
    ),
    Module("sidecar", _DAPR, ("./daprd",), 2190, _STAMP, tags="allcomponents"),
)

# versitygw, an S3 gateway on a folder, with users of its own.
_VERSITY = "github.com/versity/versitygw"
S3 = Module("s3", _VERSITY, (f"{_VERSITY}/cmd/versitygw",), 589, "-X main.Version=", of="versitygw")
OF_SYSTEMS = {"tenants": (S3,)}
"""What systems need besides Dapr, by their names."""


def cache_folder() -> Path:
    """Return the folder for what is built: ``$XDG_CACHE_HOME/dapr-travel``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dapr-travel"


def built() -> Path:
    """Return a folder with all of Dapr's programs in its ``.dapr/bin``; build what is missing.

    Raises SetupError when there is no Go or a build fails.
    """
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / f"home-{sha256(''.join(m.key for m in MODULES).encode()).hexdigest()[:12]}"
    if not home.is_dir():
        with _only_one(cache / "lock"):
            folders = [_module(cache, module) for module in MODULES]
            if not home.is_dir():
                _link(folders, home)
    return home


def of_system(name: str) -> None:
    """Build what a system needs besides Dapr. Raises SetupError."""
    for module in OF_SYSTEMS.get(name, ()):
        programs(module)


def programs(module: Module) -> Path:
    """Return the folder with a module's programs; build them if they are not there.

    Raises SetupError when there is no Go or the build fails.
    """
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    if not (cache / module.key).is_dir():
        with _only_one(cache / "lock"):
            _module(cache, module)
    return cache / module.key


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is building; waiting for it …", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _module(cache: Path, module: Module) -> Path:
    final = cache / module.key
    if final.is_dir():
        return final
    for stale in cache.glob(f"{module.name}.part-*"):
        shutil.rmtree(stale, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f"{module.name}.part-", dir=cache))
    try:
        _build(module, part, cache / f"build-{module.name}.log")
        part.chmod(0o755)
        part.rename(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return final


def _link(folders: list[Path], home: Path) -> None:
    part = Path(tempfile.mkdtemp(prefix="home.part-", dir=home.parent))
    programs = part / ".dapr" / "bin"
    programs.mkdir(parents=True)
    for folder in folders:
        for program in folder.iterdir():
            name = "dapr" if program.name == "cli" else program.name
            (programs / name).symlink_to(program)
    part.chmod(0o755)
    part.rename(home)


def _build(module: Module, target: Path, log: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise SetupError(_NO_GO if module in MODULES else f"{module.of} {_IS_BUILT}")
    command = [go, "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += ["-ldflags", f"-s -w {module.stamp}{module.version}"]
    command += ["-tags", module.tags] if module.tags else []
    command += ["-o", f"{target}{os.sep}", *module.packages]
    # The user's GOFLAGS could change what is built. Without cgo no C compiler is needed; left to
    # itself, Go uses cgo where there is one.
    env = os.environ | {"GOFLAGS": "", "GOWORK": "off"}
    env |= {} if module.cgo else {"CGO_ENABLED": "0"}
    with log.open("w+") as output:
        process = subprocess.Popen(
            command, cwd=module.folder, env=env, stdout=output, stderr=output
        )
        try:
            _watch(process, module, log)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        last = "\n".join(log.read_text().splitlines()[-12:])
        raise SetupError(f"Building {module.name} failed; the whole log is {log}:\n{last}")


def _watch(process: subprocess.Popen[bytes], module: Module, log: Path) -> None:
    """Show how far the build is until it ends: a running line on a terminal, else one at times."""
    started = shown = time.monotonic()
    every = _TICK_SECONDS if sys.stdout.isatty() else _LINE_SECONDS
    _show(
        f"Building {module.of} {module.version} ({module.name}) with Go, once; it takes minutes …"
    )
    while True:
        try:
            process.wait(_TICK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if now - shown >= every:
                shown = now
                said = progress(module, log.read_text().splitlines())
                _show(f"  {module.name}: {said}, {now - started:.0f} s", passing=True)
    if sys.stdout.isatty():
        print()
    if process.returncode == 0:
        _show(f"  {module.name}: built in {time.monotonic() - started:.0f} s")


def progress(module: Module, lines: list[str]) -> str:
    """Return how far a build has come and what is left, read from what Go has said so far."""
    fetched = sum(line.startswith("go: downloading") for line in lines)
    compiled = len(lines) - fetched
    share = min(99, 100 * compiled // module.compiled)
    parts = MODULES if module in MODULES else (module,)
    place = f"{parts.index(module) + 1} of {len(parts)} parts"
    return f"{place}, {share} %, {compiled} of some {module.compiled} packages compiled"


def _show(line: str, passing: bool = False) -> None:
    on_terminal = passing and sys.stdout.isatty()
    print(f"\r\033[K{line}" if on_terminal else line, end="" if on_terminal else "\n", flush=True)
