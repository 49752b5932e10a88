from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tweetpipe.stubs import stubbed_place
from tweetpipe.aws import stack
from tweetpipe.aws.errors import NothingThere, WrongUsage
from tweetpipe.aws.place import Target

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
GOOD = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from(LETTERS),
    st.text(LETTERS + "0123456789-", max_size=stack.MAX_NAME_LENGTH - 1),
)


@given(GOOD)
def test_letters_digits_and_hyphens_after_a_letter_are_a_name(name: str) -> None:
    assert stack.check_name(name) == name


@given(GOOD, st.characters().filter(lambda c: c not in LETTERS + "0123456789-"), st.data())
def test_any_other_character_anywhere_is_refused(name: str, bad: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name)))

    with pytest.raises(WrongUsage, match="is not a valid stack name"):
        stack.check_name(name[:at] + bad + name[at:])


@pytest.mark.parametrize("name", ["", "1st", "-a", "a" * (stack.MAX_NAME_LENGTH + 1)])
def test_a_name_that_aws_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(WrongUsage):
        stack.check_name(name)


def test_the_longest_name_leaves_room_for_the_function() -> None:
    assert len("a" * stack.MAX_NAME_LENGTH + "-DDBEventProcessor") == 64


def test_a_stack_that_is_not_there_is_named_with_the_next_command() -> None:
    with stubbed_place("cloudformation") as place:
        place.stubbers["cloudformation"].add_client_error(
            "describe_stacks", "ValidationError", "Stack with id mine does not exist"
        )
        with pytest.raises(NothingThere, match=r"run:\n  tweetpipe deploy --stack mine$"):
            stack.get(place, "mine")


def test_a_stack_that_is_not_on_aws_may_be_in_another_region() -> None:
    with stubbed_place("cloudformation") as place:
        place.stubbers["cloudformation"].add_client_error(
            "describe_stacks", "ValidationError", "Stack with id tweets does not exist"
        )
        on_aws = replace(place, target=Target.AWS, endpoint=None)
        with pytest.raises(NothingThere, match=r"set AWS_REGION or .*\n.*--target aws$"):
            stack.get(on_aws, "tweets")
