"""The parts of the long run, and the negative controls with what each of them must be caught at."""

from dataclasses import dataclass

from tests.torture.rig import Part

LONG_REST_S = (0.8, 2.5)
"""Between two blows in the long run: bots that start all the time do little else."""

PARTS = {
    part.name: part
    for part in (
        Part("sqlite-http", "sqlite", "http", seed=11, rest_s=LONG_REST_S),
        Part("sqlite-socket", "sqlite", "socket", seed=12, rest_s=LONG_REST_S),
        Part("postgresql-http", "postgresql", "http", replicas=2, seed=13, rest_s=LONG_REST_S),
        Part("postgresql-socket", "postgresql", "socket", replicas=4, seed=14, rest_s=LONG_REST_S),
    )
}


@dataclass(frozen=True)
class Control:
    """A broken version, how it is run, and in which rules it must be seen."""

    part: Part
    seen_in: tuple[str, ...]


def _broken(variant: str, database: str, *seen_in: str, **facts: object) -> Control:
    replicas = 2 if database == "postgresql" else 1
    short = {"replicas": replicas, "kills": 0, "ops": 120, "longest_s": 45.0, "seed": 21, "variant": variant}
    return Control(Part(variant, database, "http", **{**short, **facts}), seen_in)  # type: ignore[arg-type]


_RACE = {"collide": True, "harm": False, "rest_s": (8.0, 12.0), "faults": 0.3}

CONTROLS = {
    control.part.variant: control
    for control in (
        _broken("ack-before-commit", "sqlite", "acknowledged", "votes", kills=10, harm=False, rest_s=(0.2, 0.8)),
        _broken("naive-resend", "sqlite", "outbox", faults=2.0, harm=False, rest_s=(3.0, 5.0)),
        _broken(
            "no-unique-period", "sqlite", "periods", harm=False, rest_s=(2.0, 3.0), times=(0, 1, 0), day_every_s=2.0
        ),
        _broken("check-then-insert", "postgresql", "votes", **_RACE, people=(3, 5, 0)),
        _broken("no-compare-and-set", "postgresql", "statuses", "votes", **_RACE, people=(2, 5, 2)),
        _broken("default-transactions", "sqlite", "votes", **_RACE, people=(2, 5, 0)),
    )
}
