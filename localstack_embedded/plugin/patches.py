"""All that this plugin replaces in LocalStack 4.9.2 and in moto, where they have no plugin point.

PATCHES names what is replaced, as module:name, with the parameters that the replacement relies on
and the reason. CALLED names what is used beyond plugin points. One test compares all of it with
what is installed, another finds each replacement in the code.

To replace something else: look for a plugin point first (`plux`, and `localstack.hooks` list them);
do it in one place, when the service is loaded; and add a line here. The tests fail without it.
"""

from __future__ import annotations

_CLOUDFORMATION = "localstack.services.cloudformation.resource_provider:ResourceProviderExecutor"
_CHANGES = "localstack.services.cloudformation.engine.v2.change_set_model:ChangeSetModel"
_PREPARING = "localstack.services.cloudformation.engine.v2.change_set_model_preproc"
_LAMBDA = "localstack.services.lambda_"
_MOTO = "moto.dynamodb.models"
_POLLERS = f"{_LAMBDA}.event_source_mapping.pollers"

PATCHES: dict[str, tuple[str, str]] = {
    f"{_CLOUDFORMATION}.deploy_loop": (
        "self, resource_provider, resource, raw_payload, max_timeout, sleep_time",
        "it looks only every five seconds whether a resource is there",
    ),
    f"{_CLOUDFORMATION}.execute_action": (
        "self, resource_provider, raw_payload",
        "a deployment would go on after a reset",
    ),
    f"{_PREPARING}:ChangeSetModelPreproc._resolve_attribute": (
        "self, arguments, select_before",
        "no update can make or remove a resource that others name attributes of",
    ),
    f"{_PREPARING}:ChangeSetModelPreproc.visit_node_resource": (
        "self, node_resource",
        "it replaces what only has its value in other words",
    ),
    f"{_CHANGES}._visit_condition": (
        "self, scope, condition_name, before_condition, after_condition",
        "it takes the first condition for all, and replaces what only had to be updated",
    ),
    "localstack.aws.skeleton:get_coverage_link_for_service": (
        "service_name, action_name",
        "it names license plans instead of the services that are there",
    ),
    "localstack.aws.handlers.service:get_coverage_link_for_service": (
        "service_name, action_name",
        "the same",
    ),
    "localstack.aws.spec:build_service_index_cache": (
        "file_path",
        "it takes a fifth of a start and of what LocalStack has in memory, each time",
    ),
    f"{_LAMBDA}.api_utils:map_function_url_config": (
        "model",
        "the URL of a function has a host that no resolver knows",
    ),
    f"{_LAMBDA}.event_source_mapping.esm_worker_factory:EsmWorkerFactory.get_esm_worker": (
        "self",
        "the mapping for Kinesis is this plugin's",
    ),
    f"{_LAMBDA}.provider:LambdaProvider.validate_event_source_mapping": (
        "self, context, request",
        "it lets pass what AWS refuses for Kinesis",
    ),
    f"{_LAMBDA}.provider:LambdaProvider.check_service_resource_exists": (
        "self, service, resource_arn, function_arn, function_role_arn",
        "it knows no consumers of a stream",
    ),
    f"{_LAMBDA}.invocation.version_manager:record_cw_metric_invocation": (
        "function_name, account_id, region_name",
        "a thread and a call for each invocation; gathered, they cost next to nothing",
    ),
    f"{_LAMBDA}.invocation.version_manager:record_cw_metric_error": (
        "function_name, account_id, region_name",
        "the same",
    ),
    f"{_LAMBDA}.invocation.logs:LogHandler.__init__": (
        "self, role_arn, region",
        "logs are written for each invocation; gathered, they cost less",
    ),
    f"{_POLLERS}.dynamodb_poller:DynamoDBPoller.transform_into_events": (
        "self, records, shard_id",
        "it leaves out who deleted an item",
    ),
    f"{_MOTO}.dynamo_type:LimitedSizeDict": ("args, kwargs", "it adds up sizes at each attribute"),
    f"{_MOTO}.table:StreamShard.__init__": ("self, account_id, table", "it keeps no view"),
    f"{_MOTO}.table:StreamShard.add": ("self, old, new", "it tells of puts that change nothing"),
    f"{_MOTO}:DynamoDBBackend.update_table_streams": (
        "self, table, stream_specification",
        "it never turns a stream on again",
    ),
}

_OBJECTS = "localstack.services.s3.storage.ephemeral"
_SERVICE = f"{_LAMBDA}.invocation.lambda_service:LambdaService"
CALLED: dict[str, str] = {
    # cloudformation.py
    f"{_PREPARING}:ChangeSetModelPreproc._get_node_resource_for": (
        "self, resource_name, node_template"
    ),
    f"{_CLOUDFORMATION}.try_load_resource_provider": "resource_type",
    # serving/resetting.py
    "localstack.services.stores:AccountRegionBundle.reset": "self",
    "localstack.services.stores:RegionBundle.reset": "self, _reset_universal",
    "moto.core.model_instances:reset_model_data": "",
    f"{_SERVICE}.__init__": "self",
    f"{_LAMBDA}.invocation.version_manager:LambdaVersionManager.stop": "self",
    f"{_LAMBDA}.invocation.event_manager:LambdaEventManager.stop": "self",
    "localstack.services.events.scheduler:JobScheduler.cancel_job": "self, job_id",
    "localstack.services.sqs.provider:MessageMoveTaskManager.cancel": "self, move_task",
    "localstack.services.sqs.models:StandardQueue.shutdown": "self",
    "localstack.services.sqs.models:FifoQueue.shutdown": "self",
    "localstack.services.s3.storage.ephemeral:EphemeralS3ObjectStore.delete_bucket": "self, bucket",
    "localstack.services.s3.provider:S3Provider.on_after_state_reset": "self",
    # keeping
    "localstack.services.stores:AccountRegionBundle.iter_stores": "self",
    f"{_LAMBDA}.provider:LambdaProvider.on_before_state_load": "self",
    f"{_LAMBDA}.provider:LambdaProvider.on_after_state_load": "self",
    "localstack.services.cloudformation.v2.entities:Stack.set_stack_status": (
        "self, status, reason"
    ),
    "localstack.services.cloudwatch.alarm_scheduler:AlarmScheduler.schedule_metric_alarm": (
        "self, alarm_arn"
    ),
    f"{_OBJECTS}:EphemeralS3ObjectStore.__init__": "self, root_directory",
    f"{_OBJECTS}:EphemeralS3ObjectStore.open": "self, bucket, s3_object, mode",
    f"{_OBJECTS}:EphemeralS3ObjectStore.copy": (
        "self, src_bucket, src_object, dest_bucket, dest_object"
    ),
    f"{_OBJECTS}:EphemeralS3ObjectStore._get_object_file": "self, bucket, key",
    f"{_OBJECTS}:EphemeralS3ObjectStore._key_from_s3_object": "s3_object",
    f"{_OBJECTS}:EphemeralS3StoredObject.close": "self",
    # functions/urls.py, cloudformation.py, serving/services.py, serving/server.py
    f"{_LAMBDA}.urlrouter:FunctionUrlRouter.handle_lambda_url_invocation": (
        "self, request, api_id, region, url_params"
    ),
    "localstack.services.cloudformation.stores:get_cloudformation_store": "account_id, region_name",
    "localstack.aws.spec:ServiceCatalog.by_signing_name": "self, signing_name",
    "localstack.aws.spec:load_service_index_cache": "file",
    "localstack.services.internal:get_internal_apis": "",
    # serving/direct.py
    "localstack.aws.accounts:get_account_id_from_access_key_id": "access_key_id",
    "twisted.web.http:HTTPChannel._finishRequestBody": "self, data",
    "twisted.web.http:Request.gotLength": "self, length",
    "twisted.web.http:Request.requestReceived": "self, command, path, version",
    # mapping
    f"{_LAMBDA}.event_source_mapping.esm_worker_factory:EsmWorkerFactory.__init__": (
        "self, esm_config, function_role, enabled"
    ),
    f"{_SERVICE}.invoke": (
        "self, function_name, qualifier, region, account_id, invocation_type, client_context,"
        " request_id, payload, trace_context, user_agent"
    ),
    f"{_LAMBDA}.invocation.logs:LogItem": "log_group, log_stream, logs",
    f"{_LAMBDA}.api_utils:function_locators_from_arn": "arn",
    f"{_LAMBDA}.provider_utils:get_function_version_from_arn": "function_arn",
    # dynamodb
    f"{_MOTO}.dynamo_type:LimitedSizeDict.__setitem__": "self, key, value",
    f"{_MOTO}.dynamo_type:Item": "hash_key, range_key, attrs",
    "moto.dynamodb.parsing.reserved_keywords:ReservedKeywords.get_reserved_keywords": "",
}


def needs() -> dict[str, str]:
    """Everything that this plugin relies on, with its parameters."""
    return CALLED | {name: parameters for name, (parameters, _) in PATCHES.items()}
