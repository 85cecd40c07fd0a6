"""What the command line says of itself: examples that work, and completion."""

import os
import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from w2v_core.cli.app import app
from w2v_core.cli.examples import EXAMPLES

GROUP = typer.main.get_command(app)


def leaves(group, *names):
    """Every command that does something, by its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, *names, name)
        else:
            yield " ".join((*names, name))


def w2v(*arguments, **environment):
    """The standard output of `w2v`, by its own process: completion is decided by the environment."""
    code = "import sys; sys.argv[0] = 'w2v'; from w2v_core.cli.__main__ import main; main()"
    env = {key: value for key, value in os.environ.items() if not key.startswith("_W2V")} | environment
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env)
    return done.stdout


def test_every_command_has_examples():
    assert set(leaves(GROUP)) == set(EXAMPLES)


@pytest.mark.parametrize("words", sorted(EXAMPLES))
def test_examples_are_what_the_command_takes(words):
    for example in EXAMPLES[words]:
        program, *given = shlex.split(example.partition(" > ")[0])
        command = GROUP
        for name in words.split():
            assert given.pop(0) == name
            command = command.commands[name]
        assert program == "w2v"
        command.make_context(words, given)  # it is not run


@pytest.mark.parametrize("words", sorted(EXAMPLES))
def test_help_shows_the_examples(words):
    shown = CliRunner().invoke(app, [*words.split(), "--help"])
    told = " ".join(shown.output.split())
    assert all(example in told for example in EXAMPLES[words])


def test_help_is_without_colours_where_that_is_asked_for():
    assert "\x1b" in w2v("run", "--help", FORCE_COLOR="1", TERM="xterm")
    assert "\x1b[3" not in w2v("run", "--help", FORCE_COLOR="1", TERM="xterm", NO_COLOR="1")


def test_a_shell_completes_commands_and_options():
    assert w2v(_W2V_COMPLETE="complete_bash", COMP_WORDS="w2v ev", COMP_CWORD="1").split() == ["evaluate"]
    options = w2v(_W2V_COMPLETE="complete_bash", COMP_WORDS="w2v export --f", COMP_CWORD="2").split()
    assert options == ["--format"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_for_each_shell(shell):
    script = w2v("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "_W2V_COMPLETE" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
