"""How the program begins and ends: errors, exit codes, signals, streams, and quick help."""

import json
import os
import platform
import re
import runpy
import signal
import stat
import subprocess
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import requests

import etl.cli.setup
from etl import errors, signals
from etl.__main__ import main
from etl.cli.context import CliContext
from etl.cli.main import _add_global_options, exit_code_of, program, run
from etl.cli.options import default_actor

cli_main = import_module("etl.cli.main")


ROOT = Path(__file__).parents[2]
HEAVY = {
    "alembic",
    "cryptography",
    "jinja2",
    "procrastinate",
    "prometheus_client",
    "psycopg",
    "pyarrow",
    "requests",
    "rfc3161_client",
    "rich",
    "sqlalchemy",
    "urllib3",
}


def leaves(group, path=()):
    context = click.Context(group, obj=None)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))


COMMANDS = [(), *leaves(program)]


def loaded_by(*command_lines: tuple[str, ...]) -> set[str]:
    """The libraries that the last of these command lines has loaded, in a process of its own."""
    script = (
        "import sys; from etl.cli.main import run\n"
        f"for args in {command_lines!r}: assert run(args) == 0, args\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    args = [sys.executable, "-c", script]
    return {*subprocess.run(args, capture_output=True, text=True, check=True).stderr.split()}


def test_no_help_loads_anything_heavy():
    assert not loaded_by(*((*path, "--help") for path in COMMANDS)) & HEAVY


def test_a_sync_loads_only_what_it_needs(tmp_path: Path) -> None:
    sync = ("-q", "--config", str(tmp_path / "config.toml"), "sync")
    assert run(["-q", "config", "init", str(tmp_path / "config.toml")]) == run(sync) == 0
    assert loaded_by(sync) & HEAVY == {"requests", "sqlalchemy", "urllib3"}
    assert not loaded_by(("-q", *sync[1:3], "verify")) & {"requests", "urllib3", "alembic"}


@pytest.mark.parametrize("path", COMMANDS[1:], ids=" ".join)
def test_every_command_explains_itself_and_takes_the_global_options(path, capsys):
    assert run([*path, "--help"]) == 0
    assert "Usage: image-sync" in capsys.readouterr().out
    context = click.Context(program, obj=None)
    command = program
    for name in path:
        command = command.get_command(context, name)
        assert command.get_short_help_str()
    taken = {spelling for param in command.params for spelling in param.opts}
    assert {"--config", "--database", "--log-format", "-v", "-q"} <= taken


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.ConfigError("x", ["y"]), 2),
        (errors.SourceRefused("x"), 10),
        (errors.SourceUnavailable("x"), 11),
        (errors.SourceBroken("x"), 12),
        (errors.DatabaseUnavailable("x"), 20),
        (errors.SchemaNotAtHead("x"), 21),
        (errors.LockHeld("x"), 22),
        (errors.RecordInconsistent("x"), 41),
        (errors.EnvironmentFailure("x"), 50),
        (OSError(28, "No space left on device"), 50),
        (MemoryError(), 50),
        (errors.Interrupted(signal.SIGINT), 130),
        (errors.Interrupted(signal.SIGTERM), 143),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.BadParameter("x"), 2),
        (ValueError("x"), 1),
    ],
)
def test_every_error_has_its_exit_code(error, code, capsys, monkeypatch):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli_main.program, "main", fail)
    assert exit_code_of(error) == getattr(error, "exit_code", code) == code
    assert run(["x"]) == code
    printed = capsys.readouterr().err
    assert printed.startswith("image-sync: ")
    assert "Traceback" not in printed


def test_verbose_output_includes_the_traceback_of_a_bug(capsys, monkeypatch):
    monkeypatch.setattr("etl.config.render.example_toml", lambda _: 1 / 0)
    assert run(["-v", "config", "init", os.devnull, "--force"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("image-sync: internal error: ZeroDivisionError: division by zero; -v")
    assert "Traceback" in printed


def test_errors_are_events_in_a_json_log(capsys):
    assert run(["--log-format", "json", "--database", "nonsense://", "db", "check"]) == 2
    event = json.loads(capsys.readouterr().err)
    assert event["level"] == "error"
    assert (event["event"], event["exit_code"]) == ("command failed", 2)
    assert event["detail"].startswith("configuration: database.url: expected sqlite:///PATH")


@pytest.mark.parametrize("args", [["--bogus"], ["bogus"], ["db"], [], ["images", "--limit", "x"]])
def test_usage_errors_exit_with_2(args, capsys):
    assert run(args) == 2
    assert "image-sync" in capsys.readouterr().err


def test_control_characters_in_arguments_are_escaped(capsys):
    assert run(["\x1b[2Jx"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_global_options_may_follow_the_command(tmp_path, capsys):
    file = tmp_path / "given.toml"
    for args in (
        ["-c", str(file), "config", "init"],
        ["config", "init", "--force", "-c", str(file)],
    ):
        assert run(args) == 0
    assert capsys.readouterr().out.count("given.toml; try") == 2
    assert run(["config", "-q", "show", "-c", str(file), "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["source"][0]["name"] == "sample"


def test_an_option_wins_over_the_environment(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", "sqlite:///wrong.db")
    assert run(["--database", "sqlite:///right.db", "db", "upgrade"]) == 0
    assert [path.name for path in tmp_path.glob("*.db")] == ["right.db"]
    assert run(["db", "current"]) == 20
    assert "wrong.db" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_with_128_plus_its_number(number):
    command = [sys.executable, "-m", "etl", "sample-api", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(20) == 128 + number


@pytest.fixture
def default_signals():
    """Handlers as a shell starts a program in the foreground, whatever started the tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("default_signals")
def test_the_first_signal_is_raised_and_remembered_and_the_next_one_kills():
    with signals.raised():
        with pytest.raises(errors.Interrupted) as raised:
            os.kill(os.getpid(), signal.SIGTERM)
        assert raised.value.signal_number == signals.received().signal_number == signal.SIGTERM
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    assert signals.received() is None
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


@pytest.mark.usefixtures("default_signals")
def test_an_ignored_signal_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with signals.raised():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(errors.Interrupted):
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_a_background_job_keeps_running_after_sigint_and_sighup():
    command = "trap '' INT HUP; exec " + f"{sys.executable} -m etl sample-api --port 0"
    with subprocess.Popen(["bash", "-c", command], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        for number in (signal.SIGINT, signal.SIGHUP):
            process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143


@pytest.mark.usefixtures("default_signals")
def test_the_command_exits_with_the_code(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["image-sync", "bogus"])
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == 2
    assert "bogus" in capsys.readouterr().err
    left = []
    monkeypatch.setattr("os._exit", left.append)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    assert left == [130, 143], "what is left of the process ends at once, too"


@pytest.mark.usefixtures("default_signals")
def test_an_inherited_ignored_signal_stays_ignored_at_the_start(monkeypatch, capsys):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    monkeypatch.setattr("sys.argv", ["image-sync", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) not in {signal.SIG_IGN, signal.SIG_DFL}


STARTED = """
import os, sys
from etl.__main__ import main

module, number, *args = sys.argv[1:]

def send(event, details):
    if event == "import" and details[0] == module:
        os.kill(os.getpid(), int(number))

sys.addaudithook(send)
sys.argv = ["image-sync", *args]
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "module", ["etl.cli.main", "click", "etl.cli.options", "etl.audit.query", "sqlalchemy.engine"]
)
def test_a_signal_during_the_imports_ends_the_program_without_a_traceback(module, number, tmp_path):
    args = ["--database", f"sqlite:///{tmp_path}/none.db", "images"]
    asked = [sys.executable, "-c", STARTED, module, str(int(number)), *args]
    ended = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path)
    line = f"image-sync: interrupted by signal {int(number)}\n"
    assert (ended.returncode, ended.stdout) == (128 + number, "")
    assert ended.stderr in {"", line}


@pytest.mark.usefixtures("default_signals")
def test_an_error_that_wraps_a_signal_counts_as_the_signal():
    def load() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except errors.Interrupted as error:
            raise RuntimeError("Error calling __set_name__") from error

    with pytest.raises(errors.Interrupted) as raised, signals.raised():
        load()
    assert raised.value.signal_number == signal.SIGTERM


@pytest.mark.usefixtures("default_signals")
def test_a_signal_in_a_callback_is_remembered_without_a_traceback(monkeypatch):
    printed = []
    monkeypatch.setattr("sys.unraisablehook", lambda each: printed.append(each.exc_type))

    def call_back(end: Callable[[], object]) -> None:
        target = type("Target", (), {})()
        kept = weakref.ref(target, lambda _: end())
        del target
        assert kept() is None

    with signals.raised():
        call_back(lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert signals.received()
        call_back(lambda: 1 / 0)
    assert printed == [ZeroDivisionError]


@pytest.mark.usefixtures("default_signals")
def test_a_swallowed_signal_is_raised_when_work_begins():
    with signals.raised():
        signals.raise_if_interrupted()
        with suppress(errors.Interrupted):
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(errors.Interrupted, match="signal 15"):
            signals.raise_if_interrupted()


@pytest.mark.parametrize("gone", [BrokenPipeError(), SystemExit(1)])
def test_a_closed_pipe_keeps_the_exit_code_of_the_command(gone, monkeypatch):
    def end(*, obj, **_):
        obj.exit_code = 30
        raise gone

    silenced = []
    monkeypatch.setattr(cli_main.program, "main", end)
    monkeypatch.setattr(cli_main, "_silence", silenced.append)
    assert run(["x"]) == 30
    assert silenced == [sys.__stdout__]


def test_a_silenced_stream_writes_nowhere(tmp_path):
    with (tmp_path / "file").open("w") as stream:
        cli_main._silence(stream)
        stream.write("lost")
    assert (tmp_path / "file").read_text() == ""


def test_streams_that_are_closed_or_have_no_encoding_are_made_usable(monkeypatch):
    class Bare:
        pass

    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("sys.stdout", Bare())
    cli_main._prepare_streams()
    assert sys.stdin is not None
    sys.stdin.close()


def test_a_command_keeps_its_own_meaning_of_an_option():
    @click.command()
    @click.option("-c", "--concurrency", type=int)
    def worker(concurrency):
        click.echo(concurrency)

    _add_global_options(worker)
    config, *_ = (param for param in worker.params if "-c" in param.opts)
    assert config.name == "concurrency"
    assert any("-q" in param.opts for param in worker.params)


def test_a_configuration_with_secrets_that_others_can_read_is_one_warning(tmp_path, capsys):
    file = tmp_path / "config.toml"
    file.write_text(
        f'[database]\nurl = "sqlite:///{tmp_path}/none.db"\n'
        '[notify]\nwebhook_url = "https://x"\nwebhook_secret = "canary"\n'
    )
    file.chmod(0o644)
    assert run(["-c", str(file), "verify"]) == 20
    printed = capsys.readouterr().err
    assert printed.count("chmod 600") == 1
    assert "canary" not in printed


@pytest.mark.parametrize(
    ("url", "printed"), [("sqlite:///a b.db", "'sqlite:///a b.db'"), ("postgresql://u:pw@h/n", "")]
)
def test_a_command_to_paste_repeats_the_options_but_no_password(url, printed):
    cli = CliContext(config="my.toml", database=url)
    database = f"--database {printed} " if printed else ""
    assert cli.command_line("runs") == f"image-sync --config my.toml {database}runs"


def test_a_port_in_use_is_a_usage_error(capsys):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert run(["sample-api", "--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use: cannot listen on port" in capsys.readouterr().err


@pytest.mark.parametrize("args", ["--help", "config show", "report --list"])
def test_output_that_nobody_reads_is_no_error(args, tmp_path):
    command = f"{sys.executable} -m etl {args} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def started(tmp_path, script, **more):
    """Runs a line of bash in which $@ is the program."""
    command = ["bash", "-c", script, "bash", sys.executable, "-m", "etl"]
    environ = {**os.environ, **more}
    return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_output_that_cannot_be_written_is_an_error_of_the_environment(tmp_path):
    ended = started(tmp_path, '"$@" config show >/dev/full')
    line = "image-sync: No space left on device: standard output cannot be written\n"
    assert (ended.returncode, ended.stderr) == (50, line)
    assert started(tmp_path, '"$@" --bogus 2>/dev/full').returncode == 2
    assert started(tmp_path, '"$@" -vv config show >/dev/full 2>/dev/full').returncode == 50


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_standard_output_keeps_the_exit_code_of_the_command(monkeypatch, capsys):
    def end(*, obj, **_):
        obj.exit_code = 41
        with open("/dev/full", "w") as stream:
            try:
                click.echo("result", file=stream)
            finally:
                silence(stream)

    silence, silenced = cli_main._silence, []
    monkeypatch.setattr(cli_main.program, "main", end)
    monkeypatch.setattr(cli_main, "_silence", silenced.append)
    assert run(["x"]) == 41
    line = "image-sync: No space left on device: standard output cannot be written\n"
    assert capsys.readouterr().err == line
    assert silenced == [sys.__stdout__]


def test_an_error_that_cannot_be_printed_keeps_its_exit_code(monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    silenced = []
    monkeypatch.setattr(cli_main, "_silence", silenced.append)
    monkeypatch.setattr(cli_main.click, "echo", fail)
    assert run(["--bogus"]) == 2
    assert silenced == [sys.__stderr__]


def test_a_deleted_working_directory_is_an_error_of_the_environment(tmp_path):
    (tmp_path / "config.toml").write_text("")
    remove = "mkdir gone; cd gone; rmdir ../gone; "
    ended = started(tmp_path, f'{remove} "$@" config show', PYTHONPATH=str(ROOT))
    line = "image-sync: the working directory no longer exists; change to another one\n"
    assert (ended.returncode, ended.stderr) == (50, line)
    path = f"--config {tmp_path}/config.toml"
    ended = started(tmp_path, f'{remove} "$@" {path} config show', PYTHONPATH=str(ROOT))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_neither_home_nor_locale_is_needed(tmp_path):
    for variables in ("-u HOME", "-i", "LC_ALL=C PYTHONUTF8=0", "LANG=xx_XX.nothing"):
        ended = started(tmp_path, f'env {variables} "$@" config show', PYTHONPATH=str(ROOT))
        assert (ended.returncode, ended.stderr) == (0, ""), variables


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "/some/file"), "Permission denied: /some/file"),
        (
            FileNotFoundError(2, "No such file or directory"),
            "the working directory no longer exists",
        ),
    ],
)
def test_an_environment_error_names_the_file(error, message, monkeypatch, capsys):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli_main.program, "main", fail)
    assert run(["x"]) == 50
    assert capsys.readouterr().err.startswith(f"image-sync: {message}")


def test_other_platforms_are_refused_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == errors.EnvironmentFailure.exit_code
    printed = capsys.readouterr().err
    assert printed == "image-sync: win32 is not supported; use Linux or macOS\n"


def test_commands_in_messages_can_be_pasted(tmp_path, capsys):
    (tmp_path / "a b.toml").write_text("")
    assert run(["--config", str(tmp_path / "a b.toml"), "sync"]) == 2
    printed = capsys.readouterr().err
    assert f"`image-sync --config '{tmp_path}/a b.toml' config init`" in printed


def test_mistakes_of_a_configuration_are_one_line_for_cron(tmp_path, capsys):
    (tmp_path / "x.toml").write_text("a = 1\nb = 2\n")
    args = ["--config", str(tmp_path / "x.toml"), "sync"]
    assert run(args) == 2
    assert capsys.readouterr().err.count("\n") == 3
    assert run(["-q", *args]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_closed_streams_are_no_error(tmp_path):
    command = f"{sys.executable} -m etl config init <&- >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "config.toml").exists()


def test_config_init_overwrites_a_file_only_with_force(tmp_path, capsys):
    file = tmp_path / "config.toml"
    umask = os.umask(0o022)
    try:
        assert run(["config", "init", str(file)]) == 0
    finally:
        os.umask(umask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(["config", "init", str(file)]) == 2
    assert "exists already; --force overwrites it" in capsys.readouterr().err
    assert run(["config", "init", str(file), "--force", "-q"]) == 0
    assert run(["config", "init", str(tmp_path / "no" / "folder.toml")]) == 2


def test_config_init_writes_to_the_path_that_is_read(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_CONFIG", "by variable.toml")
    assert run(["config", "init"]) == 0
    printed = "wrote by variable.toml; try `image-sync --config 'by variable.toml' sync`\n"
    assert capsys.readouterr().out == printed
    assert run(["--config", "by-option.toml", "config", "init"]) == 0
    assert run(["--config", "other.toml", "config", "init", "by-name.toml"]) == 0
    monkeypatch.setenv("IMAGE_SYNC_CONFIG", "")
    assert run(["config", "init"]) == 0
    written = {each.name for each in tmp_path.iterdir()}
    assert written == {"by variable.toml", "by-option.toml", "by-name.toml", "config.toml"}


def test_config_show_is_toml_without_secrets(tmp_path, capsys):
    import tomllib

    file = tmp_path / "config.toml"
    file.write_text(
        '[database]\nurl = "postgresql+psycopg://me:canary@host/db"\n'
        '[[source]]\nname = "s"\nendpoint = "https://x"\nproject_id = "p"\n'
        '[source.auth]\nmethod = "token"\ntoken = "canary"\n'
    )
    assert run(["-c", str(file), "config", "show"]) == 0
    printed = capsys.readouterr().out
    assert "canary" not in printed
    assert tomllib.loads(printed)["source"][0]["auth"]["method"] == "token"


def test_config_schema_is_the_published_json_schema(capsys):
    assert run(["config", "schema"]) == 0
    published = ROOT / "etl" / "schemas" / "configuration.json"
    assert json.loads(capsys.readouterr().out) == json.loads(published.read_text())


def test_a_user_without_a_name_is_identified_by_number(monkeypatch):
    def fail(number):
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", fail)
    assert default_actor() == f"uid {os.getuid()}@{platform.node()}"


@pytest.mark.usefixtures("default_signals")
def test_python_m_etl_runs_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "etl.__main__")
    monkeypatch.setattr(sys, "argv", ["etl", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("etl", run_name="__main__")
    assert ended.value.code == 0


def test_the_sample_is_served_until_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = SimpleNamespace(wait=lambda: None)
    monkeypatch.setattr(etl.cli.setup, "threading", SimpleNamespace(Event=lambda: stopped))
    assert run(["sample-api", "--port", "0"]) == 0
    assert "serving the sample ModelArts API at http://127.0.0.1:" in capsys.readouterr().out


def test_a_signed_sample_requires_an_access_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = SimpleNamespace(wait=lambda: None)
    monkeypatch.setattr(etl.cli.setup, "threading", SimpleNamespace(Event=lambda: stopped))
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "ak")
    monkeypatch.delenv("HUAWEICLOUD_SDK_SK", raising=False)
    assert run(["sample-api", "--port", "0", "--signed"]) == 2
    assert "HUAWEICLOUD_SDK_SK" in capsys.readouterr().err
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "sk")
    assert run(["sample-api", "--port", "0", "--signed"]) == 0


def test_a_played_situation_is_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []

    def read() -> None:
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+", capsys.readouterr().out)
        seen.append(requests.get(f"{url}/v1/{'0' * 32}/images", timeout=5).status_code)

    stopped = SimpleNamespace(wait=read)
    monkeypatch.setattr(etl.cli.setup, "threading", SimpleNamespace(Event=lambda: stopped))
    for play in ([], ["--play", "refused-key"]):
        assert run(["sample-api", "--port", "0", *play]) == 0
    assert seen == [200, 401]


def test_commands_to_paste_start_with_the_path_unless_path_leads_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = [tmp_path / folder / "image-sync" for folder in ("one", "other")]
    for script in scripts:
        script.parent.mkdir()
        script.touch(mode=0o755)
    one, other = map(str, scripts)
    monkeypatch.setattr(sys, "argv", [one])
    for path, named in (
        (tmp_path, one),
        (scripts[0].parent, "image-sync"),
        (scripts[1].parent, one),
    ):
        monkeypatch.setenv("PATH", str(path))
        assert CliContext().program == named
    for argv in (other + "-else", str(tmp_path / "gone" / "image-sync"), "-c"):
        monkeypatch.setattr(sys, "argv", [argv])
        assert CliContext().program == "image-sync"
