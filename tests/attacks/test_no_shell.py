"""No text of a user's is read by a shell: not from Python, not in scripts, not by make, not by schedulers."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted([*(ROOT / "conf").rglob("*.sh"), *(ROOT / "tests").glob("*.sh"), ROOT / ".ci" / "run"])
MODULES = {"subprocess", "os", "pty", "commands", "asyncio"}
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "spawn", "create_subprocess_shell"}


def shells(source: str) -> list[str]:
    """What of a source hands text to a shell."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            found += [function.attr] if function.value.id in MODULES and function.attr in SHELLS else []
        if isinstance(function, ast.Name) and function.id in SHELLS - {"spawn"}:
            found.append(function.id)
        found += ["shell"] * any(
            word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
            for word in node.keywords
        )
        first = node.args[0] if node.args else None
        if isinstance(first, ast.List) and len(first.elts) > 2 and _is_text(first.elts[1], "-c"):
            shell = first.elts[0]
            is_shell = isinstance(shell, ast.Constant) and str(shell.value).rpartition("/")[2] in (
                "sh",
                "bash",
            )
            found += ["sh -c"] if is_shell and not isinstance(first.elts[2], ast.Constant) else []
    return found


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


@pytest.mark.parametrize(
    "source",
    [
        "os.system(f'ls {name}')",
        "os.popen(name)",
        "subprocess.run(f'ls {name}', shell=True)",
        "subprocess.Popen(command, shell=answer)",
        "subprocess.getoutput(name)",
        "subprocess.run(['sh', '-c', f'ls {name}'])",
        "from os import system\nsystem(name)",
    ],
)
def test_the_search_finds_what_it_looks_for(source):
    assert shells(source)


@pytest.mark.parametrize("folder", ["w2v_core", "jobs", "conf", "docs/examples", "benchmarks", "tests"])
def test_no_python_of_ours_asks_a_shell(folder):
    sources = [path for path in sorted((ROOT / folder).rglob("*.py")) if path != Path(__file__)]
    assert sources
    found = {str(path.relative_to(ROOT)): shells(path.read_text(encoding="utf-8")) for path in sources}
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_stop_at_the_first_fault_and_at_a_name_that_is_not_set(script):
    text = script.read_text(encoding="utf-8")
    assert re.search(r"^set -(eu|euo pipefail|u)$", text, re.MULTILINE)
    assert not re.search(r"\beval\b|`", re.sub(r"#.*", "", text)), "eval, or a command in backticks"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing_in_a_script(script):
    """Unquoted names above all. SC2086 is told in the script where words are meant to be several."""
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck; apt-get install shellcheck")
    done = subprocess.run(
        ["shellcheck", "--severity=style", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def words(value: object) -> list[str]:
    """Every text in parsed YAML."""
    if isinstance(value, dict):
        return [word for each in value.values() for word in words(each)]
    if isinstance(value, list):
        return [word for each in value for word in words(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", ["docker-compose.yml", "conf/kubernetes/nightly-cronjob.yaml"])
def test_containers_are_started_without_a_shell_that_reads_their_variables(name):
    told = [words(each) for each in yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8"))]
    after = [each[place + 1] for each in told for place, word in enumerate(each[:-1]) if word == "-c"]
    assert not [script for script in after if "$" in script]
    assert not [word for each in told for word in each if re.match(r"(ba)?sh -c", word)]


def test_systemd_starts_the_program_itself():
    (line,) = re.findall(
        r"^ExecStart=(.*)$",
        (ROOT / "conf/systemd/w2v-nightly@.service").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert line.split()[0] == "/opt/w2v/.venv/bin/w2v"
