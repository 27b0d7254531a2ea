"""The ELBv2 provider: every operation goes to the simulator's process, whose answer goes back unchanged."""

import os
from urllib.parse import urlencode

import urllib3
from localstack.aws.spec import load_service
from localstack.http import Response
from localstack.services.plugins import Service, aws_provider

SIMULATOR = "NORTHGATE_SIMULATOR_ENDPOINT"

_connections = urllib3.PoolManager(maxsize=32)


class Elbv2:
    """What LocalStack asks of a provider: the name of its service."""

    service = "elbv2"


def forward(context, _request):
    """Sends one request on. Errors are the simulator's too: status, body and content type stay as they are."""
    # LocalStack has read the body as a form by now, so the raw bytes are gone.
    body = urlencode(list(context.request.form.items(multi=True)))
    answer = _connections.request(
        "POST",
        os.environ[SIMULATOR],
        body=body,
        headers={
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "authorization": context.request.headers.get("authorization", ""),
            "x-simulator-account": context.account_id,
            "x-simulator-region": context.region,
        },
        # A write must never be sent twice: whether to try again is the caller's decision.
        retries=False,
    )
    response = Response(answer.data, status=answer.status)
    for name in ("content-type", "x-amzn-requestid"):
        if name in answer.headers:
            response.headers[name] = answer.headers[name]
    return response


@aws_provider(api="elbv2")
def elbv2():
    """LocalStack's entry point: one function for every operation of the service."""
    operations = load_service("elbv2").operation_names
    return Service.for_provider(Elbv2(), lambda _provider: dict.fromkeys(operations, forward))
