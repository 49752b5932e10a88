"""The template with all that can be set, on LocalStack in a container."""

from __future__ import annotations

from tests.integration.test_template import (
    stack_of,
    test_destroy_removes_all_that_was_chosen,
    test_tweets_flow_from_end_to_end,
    test_what_was_chosen_is_there,
    variant,
)

__all__ = [
    "stack_of",
    "test_destroy_removes_all_that_was_chosen",
    "test_tweets_flow_from_end_to_end",
    "test_what_was_chosen_is_there",
    "variant",
]
