"""The systems that can be measured: one adapter each, and the interpreter in which it runs."""

import hashlib
import importlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path

from benchmarks.peers.adapter import Adapter

ROOT = Path(__file__).parents[1]
PRODUCT = ("automl", "api", "workers", "pyproject.toml")
SYSTEMS = ("ours", "lightgbm", "catboost", "hgb", "autogluon", "flaml", "h2o", "mljar")


class NoSystem(ValueError):
    """A system has no adapter or no environment; says how to make one."""


@dataclass(frozen=True)
class System:
    """One column of the tables."""

    name: str
    """An adapter's name, with ``:VARIANT`` where one was asked for."""
    version: str
    python: Path
    adapter: type[Adapter]

    @property
    def variant(self) -> str:
        """What stands behind the colon."""
        return self.name.partition(":")[2]


def find(name: str, environments: Path | None) -> System:
    """Return the system of that name.

    Raises:
        NoSystem: there is no such adapter, or nothing is installed for it.
    """
    module = name.partition(":")[0]
    if module not in SYSTEMS:
        raise NoSystem(f"there is no adapter for {module!r}; there are {', '.join(SYSTEMS)}")
    adapter = importlib.import_module(f"benchmarks.peers.{module}").System
    if not adapter.environment:
        version = _ours() if module == "ours" else installed(adapter.package)
        return System(name, version, Path(sys.executable), adapter)
    if environments is None:
        raise NoSystem(f"{name} runs in an environment of its own; give their folder as --peers")
    python = environments.absolute() / adapter.environment / "bin" / "python"
    if not python.exists():
        raise NoSystem(
            f"there is no {python}; make it with"
            f" benchmarks/peers/install.sh {environments} {adapter.environment}"
        )
    return System(name, _version(python, adapter.package), python, adapter)


@cache
def _version(python: Path, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    asked = subprocess.run([python, "-P", "-c", code], check=True, capture_output=True, text=True)
    return asked.stdout.strip()


def _ours() -> str:
    """Return the version with the last commit that changed the product, and what is uncommitted.

    Notes, tests and this benchmark may change without making a run another one.
    """
    commit = _git("log", "-1", "--format=%h", "--", *PRODUCT).strip()
    change = _git("diff", "HEAD", "--", *PRODUCT)
    mark = f"+{hashlib.sha256(change.encode()).hexdigest()[:8]}" if change else ""
    return f"{installed('automl-service')}-{commit or 'unknown'}{mark}"


def _git(*arguments: str) -> str:
    if shutil.which("git") is None:
        return ""
    asked = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], check=False, capture_output=True, text=True
    )
    return asked.stdout
