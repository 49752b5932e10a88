"""Has LocalStack run functions in images that the engine has, without asking for newer ones.

LocalStack runs this itself when it starts, as docker-compose.yml mounts it among its init scripts.
Otherwise it pulls the image of a function's runtime again after each of its starts, and without a
network fails to create the function. An image that is not there is still pulled.
"""

from localstack.services.lambda_.invocation import docker_runtime_executor as executor
from localstack.services.lambda_.runtimes import ALL_RUNTIMES
from localstack.utils.container_utils.container_client import ContainerException
from localstack.utils.docker_utils import DOCKER_CLIENT

for runtime in ALL_RUNTIMES:
    image = executor.resolver.get_image_for_runtime(runtime)
    try:
        DOCKER_CLIENT.inspect_image(image, pull=False)
    except ContainerException:
        continue
    # No platform, which goes with LAMBDA_IGNORE_ARCHITECTURE.
    executor.PULLED_IMAGES.add((image, None))
