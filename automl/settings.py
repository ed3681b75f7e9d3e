"""Every setting of the system: a frozen value, read once from the environment at a program's start.

The environment variable of a field is its name in capitals with the prefix ``AUTOML_``; command
line options take precedence. This is the only module that reads the environment.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

from automl.core.quota import Quotas

MIB = 1024 * 1024

_DEVICE = re.compile(r"cpu|cuda(:\d+)?", re.ASCII)

_LEAST = {"slots": 1, "max_upload_bytes": 1, "max_attempts": 1}
"""Numbers of which 0 says nothing; of the others it is the least."""
_INTERVALS = ("heartbeat_seconds", "lease_seconds")
"""Above 0, however little."""
_LAST_PORT = 65_535


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME")  # noqa: TID251 -- this is the module that may
    return (Path(base) if base else Path.home() / ".local" / "share") / "automl"


def shown_gpus() -> int | None:
    """Return how many GPUs ``CUDA_VISIBLE_DEVICES`` shows to this process; None: all there are.

    A list ends before its first entry that is no device, as CUDA reads it.
    """
    text = os.environ.get("CUDA_VISIBLE_DEVICES")  # noqa: TID251 -- this is the module that may
    if text is None:
        return None
    names = (each.strip() for each in text.split(","))
    return len(list(takewhile(lambda name: name and not name.startswith("-"), names)))


class SettingError(ValueError):
    """A variable of the environment, or the option in its place, says nothing that can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration of a process. Sizes in bytes, durations in seconds."""

    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = field(default_factory=_default_data_dir)
    workers: int = 0
    """How many workers ``automl serve`` starts; 0: one a GPU, else one a core."""
    device: str = ""
    """The device of this worker (``cpu``, ``cuda:0``); empty: chosen by the launcher."""
    slots: int = 1
    """How many workers ``automl worker`` is, on each device: trials that it trains at once."""
    url: str = "http://127.0.0.1:8000"
    key: str = ""
    database_url: str = ""
    """SQLAlchemy URL; empty: SQLite in the data dir. ``postgresql://`` uses psycopg."""
    broker_url: str = ""
    """Redis or Valkey URL; empty: the embedded broker in the data dir."""
    max_upload_bytes: int = 2048 * MIB
    max_unpacked_bytes: int = 0
    """0: four times the upload limit."""
    heartbeat_seconds: float = 2.0
    lease_seconds: float = 6.0
    checkpoint_seconds: float = 10.0
    """A trial in training is saved at most so often."""
    trial_max_seconds: float = 0.0
    """0: the study's budget."""
    trial_max_bytes: int = 0
    """0: a worker's share of the memory."""
    max_attempts: int = 3
    tenant_max_bytes: int = 0
    """What a tenant may store; 0, here and below: no limit."""
    tenant_max_datasets: int = 0
    tenant_max_studies: int = 0
    tenant_max_running_trials: int = 0
    tenant_requests_per_second: float = 0.0
    """Counted by all API processes together where the broker is on the network."""
    fault: str = ""
    """Fault points for tests, see ``automl/core/fault.py``."""
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Return the settings of ``environment``, overridden by every ``given`` that is not None.

        Raises:
            SettingError: a variable cannot be read as its field's type, a number is out of its
                range, or a device is none.
        """
        source = os.environ if environment is None else environment  # noqa: TID251 -- as above
        values: dict[str, Any] = {}
        defaults = cls()
        for item in fields(cls):
            text = source.get(f"AUTOML_{item.name.upper()}")
            if text is not None and text != "":
                values[item.name] = _parse(item.name, text, getattr(defaults, item.name))
        values |= {name: value for name, value in given.items() if value is not None}
        settings = replace(defaults, **values)
        _check_numbers(settings)
        _check_device(settings.device)
        return settings

    def environment(self) -> dict[str, str]:
        """Return the variables that give a child process these settings."""
        return {
            f"AUTOML_{item.name.upper()}": str(getattr(self, item.name)) for item in fields(self)
        }

    def child_environment(self, **extra: str) -> dict[str, str]:
        """Return this process's environment with these settings, for a child program."""
        return {**os.environ, **self.environment(), **extra}  # noqa: TID251 -- as above

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine reach ``host``."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:  # a name of the network, or none: every address
            return False

    @property
    def unpacked_limit(self) -> int:
        """Bytes that an upload may unpack to."""
        return self.max_unpacked_bytes or 4 * self.max_upload_bytes

    @property
    def quotas(self) -> Quotas:
        """What one tenant may have."""
        return Quotas(
            bytes=self.tenant_max_bytes,
            datasets=self.tenant_max_datasets,
            studies=self.tenant_max_studies,
            trials=self.tenant_max_running_trials,
        )

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL with its driver named."""
        if not self.database_url:
            return f"sqlite:///{(self.data_dir / 'automl.sqlite').absolute()}"
        for prefix in ("postgresql://", "postgres://"):
            if self.database_url.startswith(prefix):
                return "postgresql+psycopg://" + self.database_url.removeprefix(prefix)
        return self.database_url

    @property
    def cache_dir(self) -> Path:
        """Where a worker keeps local copies of artifacts by digest."""
        return self.data_dir / "cache"

    @property
    def broker_socket(self) -> Path:
        """The embedded broker's unix socket."""
        return self.data_dir.absolute() / "broker" / "valkey.sock"


def _parse(name: str, text: str, default: Any) -> Any:
    try:
        return type(default)(text)
    except (TypeError, ValueError):
        kind = type(default).__name__
        raise SettingError(f"AUTOML_{name.upper()}={text!r} cannot be read as {kind}") from None


def _check_numbers(settings: Settings) -> None:
    """Refuse what only a socket, or leases that have always lapsed, would show later."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        if not isinstance(value, int | float):
            continue
        least = _LEAST.get(item.name, 0)
        below = value <= 0 if item.name in _INTERVALS else value < least
        if below or not math.isfinite(value):
            right = "above 0" if item.name in _INTERVALS else f"of {least} or more"
            raise SettingError(f"AUTOML_{item.name.upper()}={value} must be a number {right}")
    if settings.port > _LAST_PORT:
        raise SettingError(
            f"AUTOML_PORT or --port: {settings.port} is no port; write 0 to {_LAST_PORT}"
        )
    if settings.heartbeat_seconds >= settings.lease_seconds:
        raise SettingError(
            f"AUTOML_HEARTBEAT_SECONDS={settings.heartbeat_seconds:g} must be less than "
            f"AUTOML_LEASE_SECONDS={settings.lease_seconds:g}, else every lease lapses"
        )


def _check_device(name: str) -> None:
    """Refuse what is no device anywhere; whether it is there, only torch can tell (later)."""
    if name and not _DEVICE.fullmatch(name):
        raise SettingError(
            f"AUTOML_DEVICE or --device: {name!r} is no device; write cpu or a GPU, as cuda:0"
        )
