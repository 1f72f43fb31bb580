"""The files of deploy/ are what their programs take, and say of Needline what is so."""

import configparser
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import Config
from storage.db import Database
from tests.bot import ROOT

DEPLOY = ROOT / "deploy"
UNIT = (DEPLOY / "needline.service").read_text(encoding="utf-8")
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SYSTEMD = shutil.which("systemd-analyze")
PACKAGE = re.compile(r"^([a-z0-9-]+)==(\S+)( ; .*?)? \\$((?:\n    --hash=\S+(?: \\)?)+)", re.MULTILINE)


def unit() -> dict[str, dict[str, list[str]]]:
    """Return the unit as section -> key -> values; keys may come again, which systemd reads as a list."""
    read: dict[str, dict[str, list[str]]] = {}
    for line in UNIT.splitlines():
        if line.startswith("["):
            section = read.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return read


KNOWN = {
    "Unit": {"Description", "Wants", "After", "StartLimitIntervalSec"},
    "Service": {
        *("Type", "User", "Group", "EnvironmentFile", "StateDirectory", "StateDirectoryMode", "WorkingDirectory"),
        *("ExecStart", "Restart", "RestartSec", "RestartPreventExitStatus", "TimeoutStopSec", "UMask"),
        *("CapabilityBoundingSet", "NoNewPrivileges", "PrivateTmp", "PrivateDevices", "PrivateUsers"),
        *("ProtectSystem", "ProtectHome", "ProtectProc", "ProcSubset", "ProtectClock", "ProtectHostname"),
        *("ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectControlGroups"),
        *("RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "RemoveIPC"),
        *("LockPersonality", "MemoryDenyWriteExecute", "SystemCallArchitectures", "SystemCallFilter"),
        "SystemCallErrorNumber",
    },
    "Install": {"WantedBy"},
}
"""What we use, in systemd's spelling: a typing error in a key would only be a warning in somebody's log."""


def test_the_unit_uses_known_keys_in_their_sections() -> None:
    assert {section: set(keys) for section, keys in unit().items()} == KNOWN
    configparser.ConfigParser(strict=False, interpolation=None).read_string(UNIT)


def test_systemd_takes_the_unit_and_finds_it_well_shut_in(tmp_path: Path) -> None:
    file = tmp_path / "needline.service"
    here = UNIT.replace("/opt/needline/.venv/bin/needline", sys.executable)
    file.write_text(here, encoding="utf-8")
    if SYSTEMD is None:  # a machine without systemd still reads it, in the test above
        return
    verified = subprocess.run([SYSTEMD, "verify", file], capture_output=True, text=True, timeout=60, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    words = [SYSTEMD, "security", "--offline=true", "--threshold=20", file]
    shut_in = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert shut_in.returncode == 0, shut_in.stdout


def test_the_unit_runs_what_the_page_installs() -> None:
    page = (ROOT / "docs" / "how-to" / "systemd.md").read_text(encoding="utf-8")
    service = unit()["Service"]
    assert service["RestartPreventExitStatus"] == ["2"]
    for named in (service["EnvironmentFile"][0], service["WorkingDirectory"][0], service["ExecStart"][0].split()[0]):
        assert named in page, named


# -- the image


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", " ", CONTAINERFILE)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def last_stage() -> list[tuple[str, str]]:
    every = instructions()
    return every[max(place for place, (word, _) in enumerate(every) if word == "FROM") :]


def test_the_image_is_of_pinned_bases_and_hashed_packages() -> None:
    bases = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", bases[0])
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert all("--require-hashes" in rest or "--no-deps --no-build-isolation" in rest for rest in installs)


def test_the_image_runs_as_nobody_special_without_build_tools() -> None:
    words = [word for word, _ in last_stage()]
    stage = dict(last_stage())
    assert stage["USER"].isdigit()
    assert words.index("USER") > words.index("RUN")
    assert "pip uninstall --yes --quiet setuptools wheel pip" in stage["RUN"]
    assert "COPY" not in words[words.index("USER") :]
    assert json.loads(stage["ENTRYPOINT"]) == ["needline"]
    assert "/readyz" in json.loads(stage["HEALTHCHECK"].split("CMD ")[1])[2]


def test_the_check_of_the_image_is_python() -> None:
    (check,) = [rest for word, rest in last_stage() if word == "HEALTHCHECK"]
    compile(json.loads(check.split("CMD ")[1])[2], "healthcheck", "exec")


def test_the_image_holds_every_package_of_ours_and_what_it_reads() -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    copied = {name for word, rest in instructions() if word == "COPY" for name in rest.split()[:-1]}
    assert {package.split(".")[0] for package in ours} <= copied
    assert {"alembic", "manifest.json", "deploy/requirements.lock"} <= copied
    assert all((ROOT / name).exists() for name in copied if not name.startswith(("/", "--")))


def test_what_the_image_needs_is_sent_to_the_engine_and_secrets_are_not() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    sent = {line[1:] for line in lines if line.startswith("!")}
    copied = {name for word, rest in instructions() if word == "COPY" for name in rest.split()[:-1]}
    assert sent == {name for name in copied if not name.startswith(("/", "--"))}
    assert lines[1] == "*"


def locked(name: str) -> dict[str, list[tuple[str, ...]]]:
    """Return package -> version and hashes of a lock, one for each range of Pythons that has a version of its own."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = PACKAGE.findall(text)
    assert len(found) == len(re.findall(r"^[a-z]", text, re.MULTILINE))
    versions: dict[str, list[tuple[str, ...]]] = {}
    for package, version, _, hashes in found:
        versions.setdefault(package, []).append((version, *sorted(hashes.split())))
    return versions


def test_what_runs_is_what_was_tested() -> None:
    tested, runs = locked("requirements.lock"), locked("deploy/requirements.lock")
    assert {name: tested.get(name) for name in runs} == runs
    assert "pytest" not in runs


def test_every_dependency_is_in_the_lock_that_runs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\[>=<]", line)[0] for line in project["dependencies"]}
    assert wanted <= locked("deploy/requirements.lock").keys()


# -- compose


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = COMPOSE["services"][name]
    return found


def test_compose_migrates_before_two_replicas_start() -> None:
    replicas, migrate = service("needline"), service("migrate")
    assert replicas["deploy"]["replicas"] == 2
    assert replicas["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert migrate["command"] == ["migrate"]
    assert migrate["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "healthcheck" in service("postgres")


def test_compose_lets_nobody_in_but_through_the_proxy() -> None:
    assert [name for name, facts in COMPOSE["services"].items() if "ports" in facts] == ["caddy"]
    assert service("needline")["read_only"]
    assert service("needline")["cap_drop"] == ["ALL"]
    assert all("no-new-privileges:true" in facts["security_opt"] for facts in COMPOSE["services"].values())
    caddy = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert "handle /slack/events {" in caddy
    assert "name needline\n" in caddy
    assert f"port {service('needline')['expose'][0]}\n" in caddy


def test_compose_names_files_and_volumes_that_exist() -> None:
    build = service("needline")["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).samefile(DEPLOY / "Containerfile")
    mounts = [mount for facts in COMPOSE["services"].values() for mount in facts.get("volumes", [])]
    for source in (mount.split(":")[0] for mount in mounts):
        assert (DEPLOY / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"], source


def test_the_address_of_its_database_is_one_we_take() -> None:
    url = service("needline")["environment"]["DATABASE_URL"]
    database = Database(re.sub(r"\$\{.*?\}", "secret", url))
    assert (database.url.host, database.url.database) == ("postgres", service("postgres")["environment"]["POSTGRES_DB"])
    database.close()


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "NEEDLINE_HOST"])
def test_what_compose_asks_for_stands_in_the_example(name: str) -> None:
    assert f"${{{name}:" in (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert name in example()


def example() -> set[str]:
    text = (DEPLOY / "env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))


def test_the_example_names_variables_that_exist() -> None:
    assert example() - {"POSTGRES_PASSWORD", "NEEDLINE_HOST"} <= {name.upper() for name in Config.model_fields}
