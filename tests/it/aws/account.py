"""An AWS account on loopback: moto, and what it lacks of the calls that springboard makes.

Started as `account.py SEED`; SEED is JSON, every key optional:

  quotas        {"ec2": {"L-417A185B": 384}}   applied ones
  defaults      the same, of everybody
  reservations  capacity reservations as EC2 answers them
  blocks        Capacity Block offerings as EC2 answers them
  deny          ["ec2:DescribeVpcs", "iam:Create*"]: refused, and denied by the simulator
  decisions     {"eks:CreateCluster": {...}}: more of what the simulator says of an action
  make          [["ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}], ...]: made at the start

Prints the port in one line and ends when its standard input does.
"""

import fnmatch
import json
import os
import sys

os.environ.setdefault("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "secret")

import boto3
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.iam.responses import IamResponse
from moto.server import ThreadedMotoServer
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.responses import ServiceQuotasResponse

SEED = json.loads(sys.argv[1])
PREPARING = True


def is_denied(action):
    return any(fnmatch.fnmatch(action, pattern) for pattern in SEED.get("deny", []))


def quota(response, table):
    service = response._get_param("ServiceCode")
    code = response._get_param("QuotaCode")
    value = SEED.get(table, {}).get(service, {}).get(code)
    if value is None:
        raise NoSuchResource
    return json.dumps({"Quota": {
        "ServiceCode": service, "QuotaCode": code, "QuotaName": "of a test",
        "Value": float(value), "Adjustable": True, "GlobalQuota": False,
    }})


ServiceQuotasResponse.get_service_quota = lambda self: quota(self, "quotas")
ServiceQuotasResponse.get_aws_default_service_quota = lambda self: quota(self, "defaults")


def pages(response, items, name):
    """One item a page, so that only who follows the pages sees them all."""
    at = int(response._get_param("NextToken") or 0)
    answer = {name: items[at:at + 1]}
    if at + 1 < len(items):
        answer["NextToken"] = str(at + 1)
    return ActionResult(answer)


class UnknownReservation(EC2ClientError):
    def __init__(self, id):
        super().__init__("InvalidCapacityReservationId.NotFound", f"The capacity reservation ID '{id}' does not exist")


def reservations(self):
    items = SEED.get("reservations", [])
    ids = self._get_param("CapacityReservationIds", [])
    for id in ids:
        if not any(item["CapacityReservationId"] == id for item in items):
            raise UnknownReservation(id)
    return pages(self, [item for item in items if not ids or item["CapacityReservationId"] in ids], "CapacityReservations")


EC2Response.describe_capacity_reservations = reservations
EC2Response.describe_capacity_block_offerings = lambda self: pages(self, SEED.get("blocks", []), "CapacityBlockOfferings")


def simulate(self):
    verdicts = []
    for action in self._get_param("ActionNames", []):
        verdict = {
            "EvalActionName": action, "EvalResourceName": "*", "MatchedStatements": [], "MissingContextValues": [],
            "EvalDecision": "implicitDeny" if is_denied(action) else "allowed",
        }
        verdict.update(SEED.get("decisions", {}).get(action, {}))
        verdicts.append(verdict)
    # Pages of two.
    at = int(self._get_param("Marker") or 0)
    more = at + 2 < len(verdicts)
    answer = {"EvaluationResults": verdicts[at:at + 2], "IsTruncated": more}
    if more:
        answer["Marker"] = str(at + 2)
    return ActionResult(answer)


IamResponse.simulate_principal_policy = simulate
IamResponse.simulate_custom_policy = simulate


class Unauthorized(EC2ClientError):
    code = 403

    def __init__(self):
        super().__init__("UnauthorizedOperation", "You are not authorized to perform this operation.")


class Denied(ServiceException):
    code = "AccessDeniedException"

    def __init__(self, action):
        super().__init__(f"User is not authorized to perform: {action}")


call = BaseResponse.call_action


def checked(self):
    service = {"elbv2": "elasticloadbalancing", "cloudwatch": "logs"}.get(self.service_name, self.service_name)
    action = f"{service}:{self._get_action()}"
    if not PREPARING and is_denied(action):
        def refuse():
            raise Unauthorized() if service == "ec2" else Denied(action)

        setattr(self, camelcase_to_underscores(self._get_action()), refuse)
    return call(self)


BaseResponse.call_action = checked

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
for service, operation, arguments in SEED.get("make", []):
    region = arguments.pop("Region", "us-west-2")
    client = boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{port}")
    getattr(client, operation)(**arguments)
PREPARING = False
print(port, flush=True)
sys.stdin.read()
server.stop()
