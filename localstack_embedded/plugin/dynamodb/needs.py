"""What is replaced in moto and in LocalStack for DynamoDB, and what of theirs is called.

DynamoType.__add__, __sub__             add with 28 digits, and subtract as floating-point numbers
StreamShard.__init__, add               tell of what did not change, and forget their view
DynamoDBBackend.update_table_streams    never turns a stream on again
LimitedSizeDict                         adds up an item's size anew for each attribute
DynamoDBPoller.transform_into_events    leaves out who deleted an item
"""

from __future__ import annotations

_MOTO = "moto.dynamodb"
_POLLERS = "localstack.services.lambda_.event_source_mapping.pollers"

NEEDS = {
    f"{_MOTO}.models.dynamo_type:DynamoType.__add__": "self, other",
    f"{_MOTO}.models.dynamo_type:DynamoType.__sub__": "self, other",
    f"{_MOTO}.models.dynamo_type:LimitedSizeDict.__setitem__": "self, key, value",
    f"{_MOTO}.models.dynamo_type:Item": "hash_key, range_key, attrs",
    f"{_MOTO}.models.table:StreamShard": "account_id, table",
    f"{_MOTO}.models.table:StreamShard.add": "self, old, new",
    f"{_MOTO}.models:DynamoDBBackend.update_table_streams": "self, table, stream_specification",
    f"{_MOTO}.models:DynamoDBBackend.update_item": (
        "self, table_name, key, update_expression, expression_attribute_names,"
        " expression_attribute_values, attribute_updates, expected, condition_expression,"
        " return_values_on_condition_check_failure"
    ),
    f"{_MOTO}.parsing.reserved_keywords:ReservedKeywords.get_reserved_keywords": "",
    f"{_MOTO}.comparisons:get_expected": "expected",
    f"{_MOTO}.comparisons:get_filter_expression": "expr, names, values",
    f"{_MOTO}.comparisons:FuncBetween": "attribute, start, end",
    f"{_MOTO}.comparisons:FuncSize": "attribute",
    f"{_MOTO}.comparisons:OpLessThan": "lhs, rhs",
    f"{_MOTO}.comparisons:AttributeValue": "value",
    f"{_MOTO}.comparisons:AttributePath._get_attr": "self, item",
    f"{_MOTO}.parsing.key_condition_expression:parse_expression": (
        "key_condition_expression, expression_attribute_values, expression_attribute_names, schema"
    ),
    f"{_POLLERS}.dynamodb_poller:DynamoDBPoller.transform_into_events": "self, records, shard_id",
}
