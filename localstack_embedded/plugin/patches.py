"""Everything that this plugin replaces in LocalStack 4.9.2 and moto for lack of a plugin point.

PATCHES lists what is replaced, as module:name, with the parameters that the replacement relies on
and the reason. CALLED lists what is used beyond plugin points. One test compares both with what is
installed; another checks that each replacement in the code is listed.

To replace something else: look for a plugin point first (`plux` and `localstack.hooks` list them);
replace it in one place, when the service is loaded; and add a line here. The tests fail without it.
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
        "it checks only every five seconds whether a resource is ready",
    ),
    f"{_CLOUDFORMATION}.execute_action": (
        "self, resource_provider, raw_payload",
        "a deployment would go on after a reset",
    ),
    f"{_PREPARING}:ChangeSetModelPreproc._resolve_attribute": (
        "self, arguments, select_before",
        "no update can create or delete a resource whose attributes others refer to",
    ),
    f"{_PREPARING}:ChangeSetModelPreproc.visit_node_resource": (
        "self, node_resource",
        "it replaces a resource whose template text differs but whose values don't",
    ),
    f"{_CHANGES}._visit_condition": (
        "self, scope, condition_name, before_condition, after_condition",
        "it uses the first condition for all, and replaces what only needs an update",
    ),
    "localstack.services.iam.resource_providers.aws_iam_user:IAMUserProvider.delete": (
        "self, request",
        "it can't delete a user that has policies",
    ),
    "localstack.aws.skeleton:get_coverage_link_for_service": (
        "service_name, action_name",
        "it names license plans instead of the available services",
    ),
    "localstack.aws.handlers.service:get_coverage_link_for_service": (
        "service_name, action_name",
        "the same",
    ),
    "localstack.aws.spec:build_service_index_cache": (
        "file_path",
        "each time, it takes a fifth of the startup and of LocalStack's memory",
    ),
    f"{_LAMBDA}.api_utils:map_function_url_config": (
        "model",
        "a function's URL has a host name that doesn't resolve",
    ),
    f"{_LAMBDA}.event_source_mapping.esm_worker_factory:EsmWorkerFactory.get_esm_worker": (
        "self",
        "mappings for Kinesis are this plugin's",
    ),
    f"{_LAMBDA}.provider:LambdaProvider.validate_event_source_mapping": (
        "self, context, request",
        "it accepts what AWS refuses for Kinesis",
    ),
    f"{_LAMBDA}.provider:LambdaProvider.check_service_resource_exists": (
        "self, service, resource_arn, function_arn, function_role_arn",
        "it doesn't know a stream's consumers",
    ),
    f"{_LAMBDA}.invocation.version_manager:record_cw_metric_invocation": (
        "function_name, account_id, region_name",
        "it takes a thread and a call for each invocation; gathered metrics cost next to nothing",
    ),
    f"{_LAMBDA}.invocation.version_manager:record_cw_metric_error": (
        "function_name, account_id, region_name",
        "the same",
    ),
    f"{_LAMBDA}.invocation.logs:LogHandler.__init__": (
        "self, role_arn, region",
        "it writes logs for each invocation; gathered logs cost less",
    ),
    f"{_POLLERS}.dynamodb_poller:DynamoDBPoller.transform_into_events": (
        "self, records, shard_id",
        "it leaves out who deleted an item",
    ),
    f"{_MOTO}.dynamo_type:LimitedSizeDict": ("args, kwargs", "it sums all sizes each time"),
    f"{_MOTO}.table:StreamShard.__init__": ("self, account_id, table", "it keeps no view type"),
    f"{_MOTO}.table:StreamShard.add": ("self, old, new", "it reports puts that change nothing"),
    f"{_MOTO}:DynamoDBBackend.update_table_streams": (
        "self, table, stream_specification",
        "it can't turn a stream on again",
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
