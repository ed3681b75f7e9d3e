"""How far one database reaches: no-op trials, many simulated workers, real servers.

    python -m benchmarks.scale workers --of 1 2 4 8 16 32
    python -m benchmarks.scale studies --of 10 100 1000 10000
    python -m benchmarks.scale history --of 0 1000 10000
    python -m benchmarks.scale idle --of 10 50 100

Each line is a load of its own in an empty database: the axis named first takes each value in turn,
all else is as the options say. PostgreSQL and Valkey are started here, with the disk waited for as
in production. Workers are `benchmarks.simulated`, in a few processes on the servers' own cores.
"""

import argparse
import multiprocessing
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import psycopg
import sqlalchemy as sa

from automl.core.study import Study
from automl.settings import Settings
from automl.store import SqlStore, open_store
from benchmarks.simulated import Seen, Trade, run
from tests import servers
from tests.store import values

ACTS = ("claim", "answer", "begin", "complete", "claim + begin + complete")
SAMPLE_SECONDS = 0.02

_HISTORY = sa.text("""
    INSERT INTO trials
        (study_id, number, state, family, params, fold_values, token, attempts, value, seconds)
    SELECT :study, n, 'complete', 'linear', :params, '[0.5,0.5,0.5,0.5,0.5]', 1, 1, random(), 1.0
    FROM generate_series(:first, :last) AS n
""")
_PARAMS = '{"penalty":0.5,"fit":true,"steps":3,"kind":"l2"}'


@dataclass(frozen=True, slots=True)
class Load:
    """What is put on the database at a time; ``history``: trials that every study has already."""

    workers: int
    studies: int
    tenants: int
    history: int
    trade: Trade
    seconds: float
    processes: int
    warm: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a load; ``server`` is in CPU seconds, commits and bytes a second."""

    seen: Seen
    seconds: float
    server_cpu: float
    client_cpu: float
    commits: float
    log_bytes: float
    data_bytes: float
    waits: Counter[str]


def main() -> None:
    given = _arguments()
    trade = Trade(given.trial_seconds, given.bytes)
    load = Load(
        workers=given.workers,
        studies=given.studies,
        tenants=given.tenants,
        history=given.history,
        trade=trade,
        seconds=given.seconds,
        processes=given.processes,
        warm=given.warm,
    )
    with servers.postgres(fsync="on", max_connections=1000) as server, servers.valkey() as broker:
        for value in given.of:
            found = measure(server, broker.tcp_url, _along(load, given.axis, value))
            print(f"{given.axis} {value}: {_line(found)}", flush=True)
            if given.waits:
                print(f"   {_waits(found)}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("axis", choices=["workers", "studies", "history", "idle"])
    parser.add_argument("--of", type=int, nargs="+", required=True)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--studies", type=int, default=32)
    parser.add_argument("--tenants", type=int, default=4)
    parser.add_argument("--history", type=int, default=0)
    parser.add_argument("--trial-seconds", type=float, default=0.0)
    parser.add_argument("--bytes", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--warm", type=float, default=3.0, help="seconds before it counts")
    parser.add_argument("--waits", action="store_true", help="say what the server waited for")
    return parser.parse_args()


def _along(load: Load, axis: str, value: int) -> Load:
    if axis == "idle":  # after 30 s of `--warm` their children are gone
        return replace(load, workers=value, studies=0)
    changes: dict[str, Any] = {axis: value}
    return replace(load, **changes)


def measure(server: servers.Postgres, broker_url: str, load: Load) -> Measured:
    """Return what a load in a fresh database came to."""
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(
            data_dir=Path(name), database_url=server.database(), broker_url=broker_url
        )
        store = open_store(settings)
        store.migrate()
        _fill(store, load)
        with _workers(settings, load) as lines:
            for line in lines:
                line.send("wake")
            time.sleep(load.warm)
            found = _measured(server, settings.database_url, lines, load)
        store.close()
    return found


def _fill(store: SqlStore, load: Load) -> None:
    """Add the studies: the first tenant has half of them, the next half of the rest, and so on."""
    left = load.studies
    for tenant in range(load.tenants):
        last = tenant == load.tenants - 1
        count = left if last else max(min(1, left), left // 2)
        left -= count
        dataset = values.add_dataset(store, f"tenant{tenant}")
        for _ in range(count):
            study = values.add_study(
                store, seconds=36_000, trials=None, tenant=dataset.tenant, dataset=dataset
            )
            if load.history:
                _give_history(store, study, load.history)
    with store.database.write() as tx:
        tx.writer.execute(sa.text("ANALYZE"))


def _give_history(store: SqlStore, study: Study, trials: int) -> None:
    """Write ended trials as if they had been worked for, without their logs and files."""
    for first in range(0, trials, 1000):
        last = min(first + 1000, trials) - 1
        with store.database.write() as tx:
            rows = {"study": study.id, "params": _PARAMS, "first": first, "last": last}
            tx.writer.execute(_HISTORY, rows)
    with store.database.write() as tx:
        tx.writer.execute(
            sa.text("UPDATE studies SET next_number=:n, open_from=:n, complete=:n WHERE id=:study"),
            {"n": trials, "study": study.id},
        )


@contextmanager
def _workers(settings: Settings, load: Load) -> Iterator[list[Any]]:
    """Run the workers' processes, and give the lines to them."""
    spawn = multiprocessing.get_context("spawn")
    shares = [part.size for part in np.array_split(np.arange(load.workers), load.processes)]
    lines, processes = [], []
    for share in filter(None, shares):
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=run, args=(settings, share, load.trade, theirs))
        process.start()
        lines.append(ours)
        processes.append(process)
    for line in lines:
        line.recv()
    yield lines
    for process in processes:
        process.join(30)


def _measured(server: servers.Postgres, url: str, lines: Sequence[Any], load: Load) -> Measured:
    clients = [psutil.Process(child.pid) for child in multiprocessing.active_children()]
    waits: Counter[str] = Counter()
    stop = threading.Event()
    sampler = threading.Thread(target=_sample, args=(url, stop, waits))
    before, theirs = _server(server, url), sum(map(_cpu, clients))
    sampler.start()
    for line in lines:
        line.send("on")
    begun = time.monotonic()
    time.sleep(load.seconds)
    for line in lines:
        line.send("off")
    seconds = time.monotonic() - begun
    stop.set()
    sampler.join()
    after, theirs = _server(server, url), sum(map(_cpu, clients)) - theirs
    for line in lines:
        line.send("end")
    seen = Seen()
    for line in lines:
        seen += line.recv()
    cpu, commits, log, data = (b - a for a, b in zip(before, after, strict=True))
    return Measured(seen, seconds, cpu, theirs, commits, log, data, waits)


def _server(server: servers.Postgres, url: str) -> tuple[float, float, float, float]:
    """Return the server's CPU seconds, commits, bytes of log and bytes of data so far."""
    pid = server.process.pid if server.process else 0
    processes = [psutil.Process(pid)]
    processes += processes[0].children(recursive=True)
    reaped = processes[0].cpu_times()
    cpu = sum(map(_cpu, processes)) + reaped.children_user + reaped.children_system
    query = """SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
        pg_current_wal_lsn() - '0/0', pg_database_size(current_database())"""
    with psycopg.connect(url) as connection:
        ((commits, log, data),) = connection.execute(query).fetchall()
    return cpu, float(commits), float(log), float(data)


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _sample(url: str, stop: threading.Event, waits: Counter[str]) -> None:
    """Count, many times a second, what the server's sessions in a statement are waiting for."""
    query = """SELECT coalesce(wait_event_type || ' ' || wait_event, 'on the processor')
        FROM pg_stat_activity
        WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.wait(SAMPLE_SECONDS):
            waits["looks"] += 1
            waits.update(name for (name,) in connection.execute(query).fetchall())


def _line(found: Measured) -> str:
    """Return what was found, in one line."""
    done = sum(found.seen.served.values())
    each = max(1, done)
    parts = [f"{done / found.seconds:.1f} trials/s"]
    for act in ACTS:
        if seconds := found.seen.acts.get(act):
            low, high = np.percentile(seconds, [50, 95]) * 1e3
            parts.append(f"{act} {low:.1f}/{high:.1f} ms")
    parts.append(f"server {1e3 * found.server_cpu / each:.2f} ms CPU a trial")
    parts.append(f"{found.server_cpu / found.seconds:.2f} cores")
    parts.append(f"clients {1e3 * found.client_cpu / each:.1f} ms CPU a trial")
    parts.append(f"{found.client_cpu / found.seconds:.2f} cores")
    parts.append(f"{found.commits / found.seconds:.0f} commits/s ({found.commits / each:.1f} each)")
    log, data = found.log_bytes / each / 1e3, found.data_bytes / each / 1e3
    parts.append(f"log {log:.1f} kB, data {data:.1f} kB a trial")
    parts.append(f"fairness tenants {_jain(found, 0):.3f}, studies {_jain(found, 1):.3f}")
    return "; ".join(parts)


def _waits(found: Measured) -> str:
    looks = max(1, found.waits.pop("looks", 0))
    return ", ".join(f"{name} {n / looks:.2f}" for name, n in found.waits.most_common(6))


def _jain(found: Measured, place: int) -> float:
    """Return Jain's index of the trials of tenants (0), or of the studies inside them (1).

    1 where all had the same, 1/n where one of n had everything (Jain et al. 1984); of studies the
    mean over the tenants, since a tenant's share is the same however many studies it has.
    """
    groups: dict[str, list[int]] = {}
    for (tenant, _), count in found.seen.served.items():
        groups.setdefault(tenant, []).append(count)
    if place == 0:
        return _index([sum(counts) for counts in groups.values()])
    return float(np.mean([_index(counts) for counts in groups.values()] or [1.0]))


def _index(counts: Sequence[int]) -> float:
    total = np.array(counts or [1], dtype=np.float64)
    return float(total.sum() ** 2 / (total.size * (total**2).sum()))


if __name__ == "__main__":
    main()
