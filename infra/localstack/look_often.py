"""Makes LocalStack's CloudFormation check the resources that it creates ten times a second.

docker-compose.yml mounts this as an init script, which LocalStack runs when it starts. By default,
it checks every five seconds. A function is ready before that, so each deployment would take five
seconds longer.
"""

from functools import partialmethod

from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor

ResourceProviderExecutor.deploy_loop = partialmethod(
    ResourceProviderExecutor.deploy_loop, sleep_time=0.1
)
