"""The plugins that LocalStack finds through entry points, each enabled by a setting.

    GATEWAY_SERVER=bound                      listens on the socket that it inherits
    LAMBDA_RUNTIME_EXECUTOR=process           functions in processes instead of Docker containers
    PROVIDER_OVERRIDE_CLOUDFORMATION=prompt   LocalStack's own, without needless waits
    PROVIDER_OVERRIDE_DYNAMODB=moto           instead of DynamoDB Local, a download that needs Java
    PROVIDER_OVERRIDE_DYNAMODBSTREAMS=moto    the same
    PROVIDER_OVERRIDE_KINESIS=native          streams in this process, as on AWS, instead of
                                              kinesis-mock, a download that needs Node.js
    PROVIDER_OVERRIDE_LAMBDA=reachable        LocalStack's own, with URLs that need no DNS
    PROVIDER_OVERRIDE_S3=separate             objects in a folder that no other LocalStack shares

Of the hooks, `right_settings` refuses invalid settings, and `leave` ends LocalStack at once.

LocalStack loads a service at its first use, so imports wait until then.
"""

from __future__ import annotations

import os
from tempfile import mkdtemp
from typing import Any

from localstack.runtime import hooks
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from localstack.runtime.shutdown import SERVICE_SHUTDOWN_PRIORITY
from localstack.services.lambda_ import hooks as lambda_hooks
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.plugins import Service, aws_provider

from .kept import kept_folder
from .settings import wrong


class ProcessExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]
    """Names the executor that runs functions in processes."""

    name = "process"

    def load(self, *_args: Any, **_kwargs: Any) -> type:
        """The executor's class."""
        from .functions.executor import ProcessExecutor

        return ProcessExecutor


class BoundServerPlugin(RuntimeServerPlugin):  # type: ignore[misc]
    """Names the web server that inherits its socket."""

    name = "bound"

    def load(self, *_args: Any, **_kwargs: Any) -> RuntimeServer:
        """The server."""
        from .serving.server import BoundServer

        return BoundServer()


def _runs_functions_in_processes() -> bool:
    return os.environ.get("LAMBDA_RUNTIME_EXECUTOR") == "process"


@hooks.on_infra_shutdown(  # type: ignore[untyped-decorator]
    priority=SERVICE_SHUTDOWN_PRIORITY + 1, should_load=_runs_functions_in_processes
)
def leave() -> None:
    """End the process, after the user's shutdown scripts and before the services stop.

    Each service would wait seconds for its threads in the middle of a call. State is saved first,
    if it is kept, and what functions have started ends with this process.
    """
    try:
        if kept_folder(os.environ):
            from .keeping.start import close

            close()
    finally:
        os._exit(0)


@aws_provider(api="cloudformation", name="prompt")  # type: ignore[untyped-decorator]
def cloudformation() -> Service:
    """LocalStack's own CloudFormation, with the corrections of `cloudformation.py`."""
    from localstack.services.cloudformation.v2.provider import CloudformationProviderV2

    from .cloudformation import (
        delete_users_with_policies,
        end_with_the_stack,
        keep_what_stays_the_same,
        look_often,
        spare_what_is_not_there,
        tell_conditions_apart,
    )

    look_often()
    end_with_the_stack()
    spare_what_is_not_there()
    tell_conditions_apart()
    keep_what_stays_the_same()
    delete_users_with_policies()
    return Service.for_provider(CloudformationProviderV2())


@aws_provider(api="dynamodb", name="moto")  # type: ignore[untyped-decorator]
def dynamodb() -> Service:
    """DynamoDB on moto, as strict as AWS's."""
    from localstack.aws.api.dynamodb import DynamodbApi

    from .dynamodb.provider import dispatch_table

    return Service.for_provider(DynamodbApi(), dispatch_table_factory=dispatch_table)


@aws_provider(api="dynamodbstreams", name="moto")  # type: ignore[untyped-decorator]
def dynamodbstreams() -> Service:
    """DynamoDB Streams for moto's tables."""
    from .dynamodb.events import tell_who_deleted
    from .dynamodb.stream_api import TableStreams

    tell_who_deleted()
    return Service.for_provider(TableStreams())


@hooks.on_runtime_create()  # type: ignore[untyped-decorator]
def right_settings() -> None:
    """End LocalStack before it starts if a setting is invalid."""
    if faults := wrong(os.environ):
        raise SystemExit("\n".join(("LocalStack was not started:", *faults)))


def _has_streams_of_its_own() -> bool:
    return os.environ.get("PROVIDER_OVERRIDE_KINESIS") == "native"


@hooks.on_runtime_create(should_load=_has_streams_of_its_own)  # type: ignore[untyped-decorator]
def kinesis_specification() -> None:
    """Have Kinesis calls passed on unparsed, before LocalStack loads the model to parse them."""
    from .kinesis.specification import hand_calls_on

    hand_calls_on()


@lambda_hooks.delete_function_version(should_load=_has_streams_of_its_own)  # type: ignore[untyped-decorator]
def mappings_without_function(_qualified_arn: str) -> None:
    """End a mapping for Kinesis when its function is deleted."""
    from .mapping.install import notice_deleted_functions

    notice_deleted_functions()


@aws_provider(api="kinesis", name="native")  # type: ignore[untyped-decorator]
def kinesis() -> Service:
    """Kinesis Data Streams in this process."""
    from botocore.loaders import Loader

    from .kinesis.provider import NativeKinesis
    from .kinesis.store import stream_of
    from .mapping.install import put_in_place

    # Not the model that LocalStack has loaded, which is patched.
    provider = NativeKinesis(Loader().load_service_model("kinesis", "service-2"))
    put_in_place(stream_of, provider.kinesis.metrics)
    return Service.for_provider(provider, NativeKinesis.dispatch_table)


@aws_provider(api="lambda", name="reachable")  # type: ignore[untyped-decorator]
def lambda_() -> Service:
    """LocalStack's own Lambda, with AWS's payload limits and function URLs that need no DNS."""
    from localstack.services.lambda_.provider import LambdaProvider

    from .functions.payloads import limit
    from .functions.urls import make_reachable

    class Provider(LambdaProvider):  # type: ignore[misc]
        def on_before_start(self) -> None:
            if kept_folder(os.environ):
                from .keeping.resuming import start_functions

                start_functions(self)

    provider = Provider()
    limit(provider)
    make_reachable(provider)
    return Service.for_provider(provider)


@aws_provider(api="s3", name="separate")  # type: ignore[untyped-decorator]
def s3() -> Service:
    """LocalStack's own S3, except for where it stores objects.

    By default, all LocalStacks of a machine share a folder in /tmp, and one removes what another
    has stored.
    """
    from localstack.services.s3.provider import S3Provider
    from localstack.services.s3.storage.ephemeral import EphemeralS3ObjectStore

    from .keeping.objects import KeptObjects

    scratch, kept = mkdtemp(prefix="s3-"), kept_folder(os.environ)
    objects = KeptObjects(scratch, kept / "objects") if kept else EphemeralS3ObjectStore(scratch)
    return Service.for_provider(S3Provider(objects))
