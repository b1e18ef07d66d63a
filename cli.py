"""The command line: assembles the verbs, and turns errors into one sentence and a stable exit code.

Nothing heavy is imported here or at the top of `commands/`: `echodex --help` must answer in half a second.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

import click

from echodex import __version__
from echodex.commands import (
    adding,
    checking,
    clustering,
    compacting,
    deciding,
    demonstrating,
    doctor,
    evaluating,
    exploring,
    exporting,
    finding,
    identifying,
    indexing,
    mapping,
    materialising,
    measuring,
    playing,
    pruning,
    relocating,
    removing,
    status,
    training,
    viewing,
)
from echodex.commands.leaving import leave
from echodex.commands.options import Settings
from echodex.errors import EXIT_INTERRUPTED, EXIT_TERMINATED, EchodexError, StorageError, Terminated


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--store", metavar="PATH|URI", help="The store [default: $ECHODEX_STORE, else found upward from here].")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@click.version_option(__version__, prog_name="echodex")
@click.pass_context
def cli(context: click.Context, /, store: str | None, quiet: bool, **_: bool) -> None:
    """An embedding store for audio: query similar clips, keep named pruned views, train straight from them.

    \b
    Example:
      echodex add ~/music --labels labels.csv
      echodex embed timbre
      echodex similar query.mp3
      echodex prune facility --eps 0.05 --as lean
      echodex train probe --view lean
    """
    context.obj = Settings(store=store, quiet=quiet)


for command in (
    adding.add,
    adding.embed,
    adding.import_,
    materialising.materialise,
    removing.remove,
    compacting.compact,
    relocating.relocate,
    finding.similar,
    identifying.identify,
    finding.duplicates,
    deciding.decisions,
    measuring.distance,
    playing.play,
    clustering.cluster,
    pruning.prune,
    viewing.views,
    indexing.index,
    training.train,
    evaluating.evaluate,
    exporting.export,
    exploring.explore,
    mapping.map_,
    status.status,
    checking.check,
    checking.repair,
    doctor.doctor,
    demonstrating.demo,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # else the process would end without a word
        signal.signal(signal.SIGTERM, _terminated)
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        _say("interrupted; what was finished is kept, run the same command again to continue")
        meant = error.__cause__ or error  # click makes an Abort of it
        leave(EXIT_TERMINATED if isinstance(meant, Terminated) else EXIT_INTERRUPTED)
    except BrokenPipeError:
        os._exit(0)  # or Python would try to flush stdout once more
    except EchodexError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        _fail(f"the operating system refused: {error}", StorageError.exit_code)
    except Exception as error:  # the last resort: never a bare traceback
        _fail(f"internal: {type(error).__name__}: {error} (run with --debug for the traceback)", EchodexError.exit_code)


def _terminated(*_: object) -> NoReturn:
    """End a command as Ctrl-C does, once: `timeout` sends its signal to the process, and then to its group."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def _fail(sentence: str, exit_code: int) -> None:
    if "--debug" in sys.argv:
        traceback.print_exc()
    _say(f"error: {sentence}")
    sys.exit(exit_code)


def _say(line: str) -> None:
    with suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
