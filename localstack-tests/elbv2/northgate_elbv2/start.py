"""What happens once when LocalStack starts."""

from localstack.runtime import hooks

from . import ec2


# Below 100, so that it runs after LocalStack's own hook, which switches the policies on.
@hooks.on_infra_start(priority=10)
def on_infra_start():
    """Makes a new account cheap, and EC2 answer as AWS does where the tests look."""
    skip_managed_policies()
    ec2.apply()


def skip_managed_policies():
    """Loading AWS's managed IAM policies costs 110 ms and 5 MiB for each account, and every test has its own."""
    from moto.core.config import default_user_config

    default_user_config["iam"]["load_aws_managed_policies"] = False
