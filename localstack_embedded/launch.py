"""The settings that LocalStack is started with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .environment import Environment
from .errors import SettingError
from .plugin.settings import wrong
from .ports import LOOPBACK
from .suggested import shell_command, where_settings_are

# Variables that come from the user's own environment: the system's, and LocalStack's for logging
# and for single services. None of AWS's: a function must never see real credentials.
PASSED_ON = re.compile(
    r"PATH|USER|LANG|LC_\w+|DEBUG|LS_LOG|LOG_LEVEL_OVERRIDES"
    r"|(CFN|DYNAMODB|KINESIS|LAMBDA|S3|SQS)_\w+"
)

# Defaults that a user can override.
DEFAULTS = {
    # LocalStack's default logs a line for every request.
    "LS_LOG": "warning",
    # Else LocalStack warns of a field in the answer to every CreateSecret, and of the setting that
    # leaves out Step Functions, as if it chose an old provider.
    "LOG_LEVEL_OVERRIDES": (
        "localstack.aws.protocol.serializer=ERROR,localstack.deprecations=ERROR"
    ),
    # Else later releases can't deploy a template that has a type LocalStack lacks.
    "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",
    # How often a stream's mapping polls for records. Each poll sends at most one batch to the
    # function, and LocalStack's default is 1 second.
    "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.1",
    # The same for a source that has been empty for minutes; the default is 10 seconds.
    "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "1",
    # Queue URLs of the form HOST/queue/REGION/ACCOUNT/NAME; the default starts with a host name
    # that only public DNS resolves.
    "SQS_ENDPOINT_STRATEGY": "path",
}

OFFLINE = {
    "DISABLE_EVENTS": "1",  # usage statistics
    "DNS_ADDRESS": "0",  # a DNS server, on port 53
    "SKIP_SSL_CERT_DOWNLOAD": "1",
}

WITHOUT_DOCKER = {
    "LAMBDA_RUNTIME_EXECUTOR": "process",
    "PROVIDER_OVERRIDE_CLOUDFORMATION": "prompt",
    "PROVIDER_OVERRIDE_DYNAMODB": "moto",
    "PROVIDER_OVERRIDE_DYNAMODBSTREAMS": "moto",
    "PROVIDER_OVERRIDE_KINESIS": "native",
    "PROVIDER_OVERRIDE_LAMBDA": "reachable",
    "PROVIDER_OVERRIDE_S3": "separate",
}

# The providers of these services import packages that are not installed (one needs Java), so they
# would fail at the first call. No provider has this name, so LocalStack leaves the services out.
LEFT_OUT = {
    f"PROVIDER_OVERRIDE_{service}": "none"
    for service in ("APIGATEWAY", "FIREHOSE", "RESOURCEGROUPSTAGGINGAPI", "STEPFUNCTIONS")
}


def require_settings(ambient: Mapping[str, str]) -> None:
    """Raise SettingError if a variable has a value that LocalStack can't use."""
    faults = wrong(ambient)
    if not faults:
        return
    unset = shell_command("unset", *(fault.partition(" ")[0] for fault in faults))
    if len(faults) == 1:
        raise SettingError(f"{faults[0]}. Correct it{where_settings_are()}, or unset it:{unset}")
    listed = "".join(f"\n  {fault}" for fault in faults)
    raise SettingError(
        f"These environment variables can't be used:{listed}\nCorrect them{where_settings_are()},"
        f" or unset them:{unset}"
    )


def localstack_environ(
    ambient: Mapping[str, str],
    environment: Environment,
    *,
    volume: Path,
    port: int,
    listener: int,
) -> dict[str, str]:
    """The whole environment of a LocalStack process that keeps its files in `volume`.

    `listener` is the descriptor of the socket that listens on `port`, which the process inherits.
    """
    return {
        **DEFAULTS,
        **{name: value for name, value in ambient.items() if value and PASSED_ON.fullmatch(name)},
        **OFFLINE,
        **WITHOUT_DOCKER,
        **LEFT_OUT,
        "GATEWAY_SERVER": "bound",
        "GATEWAY_LISTEN": f"{LOOPBACK}:{port}",
        "GATEWAY_SOCKET": str(listener),
        "LOCALSTACK_HOST": f"{LOOPBACK}:{port}",  # what it puts into URLs
        # Services call each other directly, not through the web server. This is faster, and what
        # still runs when the server has stopped doesn't wait for it.
        "IN_MEMORY_CLIENT": "1",
        "FILESYSTEM_ROOT": str(volume),
        # In a container, LocalStack would otherwise behave as in its own image, and keep its files
        # in system folders that all instances share.
        "OVERRIDE_IN_DOCKER": "0",
        # By default, all instances share one folder, and each empties it when it ends.
        "TEMP": str(volume / "temporary"),
        # Settings in ~/.aws are not meant for LocalStack, and its files in ~/.cache may be out of
        # date: plux has its list of plugins there and misses changes within two minutes.
        "HOME": str(volume),
        "XDG_CACHE_HOME": str(volume / "cache"),
        "LAMBDA_PROCESS_PYTHON": str(environment.function_python),
        # Without this, the proxies in macOS's own settings would be used.
        "NO_PROXY": f"localhost,{LOOPBACK}",
        "PYTHONUNBUFFERED": "1",
        # Else glibc has a heap for each thread, and each heap keeps the size of its peak.
        "MALLOC_ARENA_MAX": "1",
    }
