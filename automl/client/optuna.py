"""A study of the service written as a study of Optuna, for its tools and its dashboard.

Every trial keeps its number. Its family is a parameter of its own, and the hyperparameters bear its
name, because two families may mean different things by one word.

Reference: Akiba, Sano, Yanase, Ohta and Koyama, "Optuna: A Next-generation Hyperparameter
Optimization Framework" (KDD 2019).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from automl.client.connection import Connection
from automl.client.transport import Json
from automl.settings import Settings

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

FAMILY = "family"
"""The parameter that says which others there are."""

MAX_POINTS = 200
"""Of a curve: a dashboard draws no more."""

Distributions = Mapping[str, "BaseDistribution"]
"""By the names that parameters have in Optuna."""


class NameTaken(Exception):
    """The storage has a study of that name already."""


class StorageFailed(Exception):
    """The storage cannot be opened or written."""


def write(client: Connection, study_id: str, storage: str, *, name: str) -> int:
    """Write a study as it stands, whole or not at all, and return the number of its trials.

    ``optuna.load_study(study_name=name, storage=storage)`` reads it back. Trials that wait or run
    are written as such; cancelled ones count as failed, which is what Optuna has for them.

    Args:
        client: the connection to the service.
        study_id: the study.
        storage: an Optuna storage's URL, such as ``sqlite:///studies.db``.
        name: what to call it there.

    Raises:
        NameTaken: the storage has a study of that name.
        StorageFailed: the storage cannot be opened or written.
        ServiceError: there is no such study.
    """
    study = client.study(study_id)
    trials = _frozen(client, study)
    with _trouble(storage):
        import optuna

        storage = Settings(database_url=storage).sqlalchemy_url  # our driver, unless one is named
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        direction = study["metric"]["direction"]
        try:
            made = optuna.create_study(study_name=name, storage=storage, direction=direction)
        except optuna.exceptions.DuplicatedStudyError:
            raise NameTaken(f"{storage} has a study {name!r} already") from None
        try:
            for key, value in _facts(client, study).items():
                made.set_user_attr(key, value)
            made.add_trials(trials)
        except BaseException:
            optuna.delete_study(study_name=name, storage=storage)
            raise
    return len(trials)


@contextmanager
def _trouble(storage: str) -> Iterator[None]:
    """Turn what a database says in many words into `StorageFailed`."""
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OptunaError, SQLAlchemyError, ImportError, ValueError, OSError) as error:
        why = str(error.__cause__ or error).partition("\n")[0]  # the database's words, not Optuna's
        raise StorageFailed(
            f"{storage!r} cannot be written ({why}); a storage is a URL such as"
            " sqlite:///studies.db or postgresql://user@host/db"
        ) from error


def _facts(client: Connection, study: Json) -> Json:
    return {
        "study": study["id"],
        "service": client.url,
        "name": study["name"],
        "dataset": study["dataset_id"],
        "target": study["task"]["target"],
        "metric": study["metric"]["name"],
        "baseline": study["baseline"]["value"],
        "status": study["status"],
    }


def _frozen(client: Connection, study: Json) -> "list[FrozenTrial]":
    """Return a study's trials by number as Optuna has them."""
    path = f"/v1/studies/{study['id']}/trials"
    listed = list(client.items(path, sort="number"))
    families = client.get("/v1/families")["items"]
    known = distributions(families, study["plan"]["families"], listed)
    points = str(MAX_POINTS)
    return [
        frozen(
            client.get(f"{path}/{trial['number']}", max_points=points),
            known,
            created_at=study["created_at"],
        )
        for trial in listed
    ]


def distributions(
    families: Iterable[Json], chosen: Sequence[str], trials: Iterable[Json]
) -> Distributions:
    """Return where each parameter of these trials lies.

    Args:
        families: the service's families with their hyperparameters.
        chosen: the families of the study.
        trials: whose values are in every range, though a study may have moved one.
    """
    from optuna.distributions import CategoricalDistribution

    spaces = {
        (family["name"], item["name"]): item
        for family in families
        for item in family["hyperparameters"]
    }
    seen: dict[tuple[str, str], list[Any]] = {}
    names = list(chosen)
    for trial in trials:
        names.append(trial["family"])
        for name, value in trial["params"].items():
            seen.setdefault((trial["family"], name), []).append(value)
    found: dict[str, BaseDistribution] = {
        f"{family}.{name}": _distribution(spaces.get((family, name), {}), values)
        for (family, name), values in seen.items()
    }
    return {FAMILY: CategoricalDistribution(tuple(dict.fromkeys(names))), **found}


def frozen(trial: Json, known: Distributions, *, created_at: str) -> "FrozenTrial":
    """Return a trial with its curve as Optuna has it.

    Args:
        trial: as the service shows one.
        known: the study's distributions.
        created_at: of the study: when a trial that was never started began, for Optuna.
    """
    from optuna.trial import FrozenTrial, TrialState

    states = {
        "waiting": TrialState.WAITING,
        "running": TrialState.RUNNING,
        "complete": TrialState.COMPLETE,
        "pruned": TrialState.PRUNED,
    }
    state = states.get(trial["state"], TrialState.FAIL)
    params = {FAMILY: trial["family"]}
    params |= {f"{trial['family']}.{name}": value for name, value in trial["params"].items()}
    facts = ("seconds", "epochs", "parameters", "reason", "message", "worker", "attempts")
    began, ended = trial["started_at"] or created_at, trial["finished_at"] or created_at
    return FrozenTrial(
        number=trial["number"],
        trial_id=trial["number"],
        state=state,
        value=trial["value"] if state is TrialState.COMPLETE else None,
        datetime_start=None if state is TrialState.WAITING else _local(began),
        datetime_complete=_local(ended) if state.is_finished() else None,
        params=params,
        distributions={name: known[name] for name in params},
        user_attrs={FAMILY: trial["family"], "state": trial["state"]}
        | {name: trial[name] for name in facts if trial[name] is not None},
        system_attrs={},
        intermediate_values={
            point["epoch"]: point["value"] for point in trial["curve"] if point["value"] is not None
        },
    )


def _distribution(item: Mapping[str, Any], values: Sequence[Any]) -> "BaseDistribution":
    """Return a hyperparameter's distribution, wide enough for the values there are."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if item.get("choices") or not numbers:
        return CategoricalDistribution(
            tuple(dict.fromkeys([*(item.get("choices") or ()), *values]))
        )
    ends = [item[end] for end in ("low", "high") if item.get(end) is not None]
    low, high = min([*ends, *values]), max([*ends, *values])
    log = bool(item.get("log")) and low > 0
    if item.get("type", "float") == "int" and all(float(v).is_integer() for v in (low, high)):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _local(moment: str) -> datetime:
    """Return a moment as Optuna writes them: on the local clock, without a zone."""
    return datetime.fromisoformat(moment).astimezone().replace(tzinfo=None)
