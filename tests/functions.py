"""Changes to a deployed function, for as long as a test needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tweetpipe.aws.place import Place


@contextmanager
def configured(place: Place, function: str, **variables: str) -> Iterator[None]:
    """The function has these environment variables too, until the block is left."""
    lambda_ = place.lambda_()
    environment = lambda_.get_function_configuration(FunctionName=function)["Environment"]
    before = environment["Variables"]

    def configure(wanted: dict[str, str]) -> None:
        lambda_.update_function_configuration(
            FunctionName=function, Environment={"Variables": wanted}
        )
        lambda_.get_waiter("function_updated_v2").wait(
            FunctionName=function, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    configure(before | variables)
    try:
        yield
    finally:
        configure(before)
