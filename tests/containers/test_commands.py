"""The command line does to LocalStack in a container what it does to the embedded one."""

from __future__ import annotations

from tests.integration.test_lifecycle import (
    test_a_changed_shard_count_is_there_when_deploy_ends,
    test_deploying_again_changes_nothing,
    test_destroy_leaves_nothing_and_a_second_one_has_nothing_to_do,
    test_nothing_to_produce_is_no_failure,
    test_status_and_query_and_dead_letters_show_what_is_there,
)
from tests.integration.test_pipeline import (
    test_a_hostile_file_is_stored_where_possible_and_explained_where_not,
    test_fake_tweets_are_stored_field_by_field_and_malformed_ones_kept_byte_for_byte,
    test_verify_finds_a_deleted_a_changed_and_a_foreign_item,
)

__all__ = [
    "test_a_changed_shard_count_is_there_when_deploy_ends",
    "test_a_hostile_file_is_stored_where_possible_and_explained_where_not",
    "test_deploying_again_changes_nothing",
    "test_destroy_leaves_nothing_and_a_second_one_has_nothing_to_do",
    "test_fake_tweets_are_stored_field_by_field_and_malformed_ones_kept_byte_for_byte",
    "test_nothing_to_produce_is_no_failure",
    "test_status_and_query_and_dead_letters_show_what_is_there",
    "test_verify_finds_a_deleted_a_changed_and_a_foreign_item",
]
