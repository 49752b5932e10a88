"""Temporary changes to a deployed function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.waiting import wait_for
from tweetpipe.aws.place import Place


@contextmanager
def configured(place: Place, function: str, **variables: str) -> Iterator[None]:
    """Add these environment variables to the function until the block ends."""
    lambda_ = place.lambda_()
    environment = lambda_.get_function_configuration(FunctionName=function)["Environment"]
    before = environment["Variables"]

    def is_updated() -> bool:
        found = lambda_.get_function_configuration(FunctionName=function)
        return found["LastUpdateStatus"] == "Successful"

    def configure(wanted: dict[str, str]) -> None:
        lambda_.update_function_configuration(
            FunctionName=function, Environment={"Variables": wanted}
        )
        wait_for(is_updated, "the function's new environment")

    configure(before | variables)
    try:
        yield
    finally:
        configure(before)
