"""tweetpipe dashboard."""

from __future__ import annotations

import signal
import webbrowser
from typing import Annotated

import typer
from rich.text import Text

from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Target
from tweetpipe.commands import terminal
from tweetpipe.commands.options import DEFAULT_STACK, StackOption, TargetOption, open_place

_NOT_JUST_HERE = (
    "Anyone who can reach {host} can read the data{act} without a password. Use this only on a "
    "network that you trust."
)


def dashboard(
    host: Annotated[
        str,
        typer.Option(
            envvar="TWEETPIPE_DASHBOARD_HOST",
            help="Address to listen on. On a loopback address, only your own programs on this "
            "machine are served.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            show_default="8080, or the next free one",
            help="Port to listen on; 0 picks any free port.",
        ),
    ] = None,
    allow_actions: Annotated[
        bool,
        typer.Option(
            "--allow-actions",
            help="Let the page redrive and delete dead letters on AWS, too. On an emulator, it "
            "always can.",
        ),
    ] = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="Also open the page in a browser.")
    ] = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
) -> None:
    """Show the live stack on a web page: its throughput, newest events, and stored items."""
    # Imported here because no other command needs a web server.
    from tweetpipe.dashboard.actions import Actions
    from tweetpipe.dashboard.admission import Admission
    from tweetpipe.dashboard.app import application
    from tweetpipe.dashboard.door import Door
    from tweetpipe.dashboard.guard import is_loopback
    from tweetpipe.dashboard.pages import Pages
    from tweetpipe.dashboard.questions import Budget, Questions
    from tweetpipe.dashboard.server import DashboardServer, listening_socket, url_of
    from tweetpipe.live.collector import Collector

    stacks.check_name(stack_name)
    place = open_place(target)
    listening = listening_socket(host, port)
    collector = Collector(place, stack_name, find_place=lambda: open_place(target))
    pages = Pages(collector)
    questions = Questions(Door(lambda: open_place(target), stack_name), Budget())
    actions = Actions(
        Door(lambda: open_place(target), stack_name),
        allowed=place.is_local or allow_actions,
        options=stacks.options(target, stack_name),
    )

    def end() -> None:
        actions.stop()
        pages.close()

    admission = Admission() if is_loopback(listening.getsockname()[0]) else None
    app = application(pages, questions, actions, host=host, admission=admission)
    server = DashboardServer(app, on_end=end)
    url = url_of(listening)
    if admission:
        url = admission.address(url, listening)
    else:
        act = ", and redrive and delete dead letters," if actions.allowed else ""
        terminal.say(_NOT_JUST_HERE.format(host=host, act=act), "yellow")
    terminal.out.print(
        Text(f"The dashboard of {stack_name} is at {url}; press Ctrl-C to stop."), soft_wrap=True
    )
    collector.start()
    try:
        if open_page:
            webbrowser.open(url)
        server.run(sockets=[listening])
    finally:
        collector.stop()
        listening.close()
    raise typer.Exit(128 + (server.signal or signal.SIGINT))
