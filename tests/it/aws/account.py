"""An AWS account on loopback: moto, and what it lacks of the calls that springboard makes.

Started as `account.py SEED`; SEED is JSON, every key optional. Another one on a line of its
standard input makes the account anew:

  quotas        {"ec2": {"L-417A185B": 384}}   applied ones
  defaults      the same, of everybody
  reservations  capacity reservations as EC2 answers them
  blocks        Capacity Block offerings as EC2 answers them
  deny          ["ec2:DescribeVpcs", "iam:Create*"]: refused, and denied by the simulator
  decisions     {"eks:CreateCluster": {...}}: more of what the simulator says of an action
  throttle      the same patterns: answered only by how busy AWS is
  codes         codes of an MFA device: roles are assumed with one of them only
  certificates  [{"arn": "...", "names": ["*.acme.example"], "status": "ISSUED", "days": 300}]
  versions      Kubernetes versions as EKS answers them; 1.35, if nothing is said
  addons        [{"name": "coredns", "kubernetes": ["1.35"]}]; all there are, if nothing is said
  tls           true: policies of buckets count as if everybody came over TLS
  notes         a file to which each call is added as the AWS CLI would make it
  page          how many verdicts the simulator tells at a time; two, if nothing is said
  zone_id       the id of a hosted zone that is made
  make          [["ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}], ...]: made at the start;
                "Account" and "Region" among the arguments say where, if not where it always is,
                and "$0.Vpc.VpcId" is what the first of them answered

Prints the port in one line for each seed and ends when its standard input does.
"""

import datetime
import fnmatch
import json
import os
import sys

os.environ.setdefault("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "secret")

import boto3
from botocore import xform_name
from moto.acm.models import CertBundle, acm_backends
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, get_service_model, utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.eks import urls as eks_urls
from moto.eks.responses import EKSResponse
from moto.iam.responses import IamResponse
from moto.moto_api._internal.models import moto_api_backend
from moto.iam.access_control import IAMPolicy
from moto.route53 import models as route53_models
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.responses import ServiceQuotasResponse

SEED = json.loads(sys.argv[1])
PREPARING = True


# Nobody can be denied to ask who they are.
ALWAYS = "sts:GetCallerIdentity"


def is_in(table, action):
    return any(fnmatch.fnmatch(action, pattern) for pattern in SEED.get(table, []))


def is_denied(action):
    return action != ALWAYS and is_in("deny", action)


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


made_up = route53_models.create_route53_zone_id
route53_models.create_route53_zone_id = lambda *args, **kwargs: SEED.get("zone_id") or made_up(*args, **kwargs)

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


def versions(self):
    usual = {"clusterVersion": "1.35", "versionStatus": "STANDARD_SUPPORT"}
    return json.dumps({"clusterVersions": SEED.get("versions", [usual])})


def addon_versions(self):
    name, version = self._get_param("addonName"), self._get_param("kubernetesVersion")
    usual = [{"name": name, "kubernetes": [version]}]
    known = [addon for addon in SEED.get("addons", usual) if addon["name"] == name]
    return json.dumps({"addons": [{"addonName": name, "addonVersions": [{
        "addonVersion": "v1.0.0-eksbuild.1",
        "compatibilities": [{"clusterVersion": version, "defaultVersion": True}],
    }]} for addon in known if version in addon["kubernetes"]]})


EKSResponse.describe_cluster_versions = versions
EKSResponse.describe_addon_versions = addon_versions
for path in ["cluster-versions", "addons/supported-versions"]:
    eks_urls.url_paths["{0}/" + path + "$"] = eks_urls.response.dispatch


def passes(boundary, action):
    """Whether a boundary that only allows lets an action through."""
    statements = json.loads(boundary)["Statement"]
    allowed = [pattern for s in statements for pattern in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])]
    return any(fnmatch.fnmatch(action, pattern) for pattern in allowed)


def simulate(self):
    verdicts = []
    boundaries = self._get_param("PermissionsBoundaryPolicyInputList", [])
    for action in self._get_param("ActionNames", []):
        verdict = {
            "EvalActionName": action, "EvalResourceName": "*", "MatchedStatements": [], "MissingContextValues": [],
            "EvalDecision": "implicitDeny" if is_denied(action) else "allowed",
        }
        if not all(passes(boundary, action) for boundary in boundaries):
            verdict["EvalDecision"] = "implicitDeny"
            verdict["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": False}
        verdict.update(SEED.get("decisions", {}).get(action, {}))
        verdicts.append(verdict)
    page = SEED.get("page", 2)
    at = int(self._get_param("Marker") or 0)
    more = at + page < len(verdicts)
    answer = {"EvaluationResults": verdicts[at:at + page], "IsTruncated": more}
    if more:
        answer["Marker"] = str(at + page)
    return ActionResult(answer)


IamResponse.simulate_principal_policy = simulate
IamResponse.simulate_custom_policy = simulate


class Unauthorized(EC2ClientError):
    code = 403

    def __init__(self):
        super().__init__("UnauthorizedOperation", "You are not authorized to perform this operation.")


class WouldSucceed(EC2ClientError):
    code = 412

    def __init__(self):
        super().__init__("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")


class Denied(ServiceException):
    code = "AccessDeniedException"

    def __init__(self, action):
        super().__init__(f"User is not authorized to perform: {action}")


class WrongCode(ServiceException):
    code = "AccessDenied"

    def __init__(self):
        super().__init__("MultiFactorAuthentication failed with invalid MFA one time pass code.")


class Busy(ServiceException):
    code = "ThrottlingException"

    def __init__(self):
        super().__init__("Rate exceeded")


class BusyEC2(EC2ClientError):
    code = 503

    def __init__(self):
        super().__init__("RequestLimitExceeded", "Request limit exceeded.")


def note(service, operation, params):
    """One line a call: service and operation as the CLI calls them, and its input."""
    if not PREPARING and "notes" in SEED:
        line = json.dumps([service, xform_name(operation, "-"), params], default=str)
        with open(SEED["notes"], "a") as notes:
            notes.write(line + "\n")


def input_of(response):
    """The input of a call, by the names that the model of the service has."""
    service = get_service_model(response.boto3_service_name)
    shape = service.operation_model(response._get_action()).input_shape
    names = {spelled: name for name in (shape.members if shape else {}) for spelled in (name, xform_name(name))}
    try:
        body = json.loads(response.body)
    except ValueError:
        body = {}
    words = {"true": True, "false": False}
    asked = {name: words.get(values[0], values[0]) for name, values in response.querystring.items() if values}
    given = {**asked, **response.uri_match, **body}
    given.update(getattr(response, "params", None) or {})
    return {names[name]: value for name, value in given.items() if name in names}


def takes(code):
    return "codes" not in SEED or code in SEED["codes"]


call = BaseResponse.call_action


def checked(self):
    service = {"elbv2": "elasticloadbalancing", "cloudwatch": "logs"}.get(self.service_name, self.service_name)
    action = f"{service}:{self._get_action()}"
    if "notes" in SEED:
        note(self.boto3_service_name, self._get_action(), input_of(self))
    if not PREPARING:
        if is_in("throttle", action):
            refuse(self, BusyEC2() if service == "ec2" else Busy())
        elif is_denied(action):
            refuse(self, Unauthorized() if service == "ec2" else Denied(action))
        elif action == "sts:AssumeRole" and not takes(self._get_param("TokenCode")):
            refuse(self, WrongCode())
        elif service == "ec2" and self._get_bool_param("DryRun"):
            refuse(self, WouldSucceed())
    return call(self)


def refuse(response, error):
    def answer():
        raise error

    setattr(response, camelcase_to_underscores(response._get_action()), answer)


BaseResponse.call_action = checked

# S3 has a way of its own.
bucket_response = S3Response._bucket_response


def checked_bucket(self, request, url):
    is_named = self.parse_bucket_name_from_url(request, url)
    action = "s3:ListBucket" if is_named else "s3:ListAllMyBuckets"
    # Also S3 is who hears the question for the time, which asks nothing of anybody.
    if is_named:
        note("s3api", "HeadBucket", {"Bucket": is_named})
    elif request.method == "GET":
        note("s3api", "ListBuckets", {})
    if not PREPARING and is_in("throttle", action):
        return 503, {}, "<Error><Code>SlowDown</Code><Message>Slow down</Message></Error>"
    if not PREPARING and is_denied(action):
        return 403, {}, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    return bucket_response(self, request, url)


S3Response._bucket_response = checked_bucket

bucket_permission = FakeBucket.get_permission


def permission(self, action, resource):
    """Moto takes no notice of conditions, and says so: a policy against those who come without TLS is against all."""
    if self.policy is None or not SEED.get("tls"):
        return bucket_permission(self, action, resource)
    policy = json.loads(self.policy)
    without_tls = {"Bool": {"aws:SecureTransport": "false"}}
    policy["Statement"] = [each for each in policy["Statement"] if each.get("Condition") != without_tls]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


FakeBucket.get_permission = permission

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
URL = f"http://127.0.0.1:{port}"


def keys_of(account, region):
    """Keys of another account: whoever assumes a role there has some."""
    sts = boto3.client("sts", region_name=region, endpoint_url=URL)
    role = f"arn:aws:iam::{account}:role/other"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="other")["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def certify(arn, names, status="ISSUED", days=300, type="AMAZON_ISSUED"):
    _, _, _, region, account, _ = arn.split(":", 5)
    made = CertBundle.generate_cert(names[0], account, region, sans=names)
    made.arn, made.status, made.type = arn, status, type
    # Moto issues after a minute what waits for that.
    made.check = lambda: None
    end = utcnow() + datetime.timedelta(days=days)
    made._not_valid_after = lambda _: end
    acm_backends[account][region]._certificates[arn] = made


def resolved(value, made):
    """With `$0.Vpc.VpcId` in place: what the first call has answered under these keys."""
    if isinstance(value, dict):
        return {key: resolved(each, made) for key, each in value.items()}
    if isinstance(value, list):
        return [resolved(each, made) for each in value]
    if not (isinstance(value, str) and value.startswith("$")):
        return value
    first, *keys = value[1:].split(".")
    found = made[int(first)]
    for key in keys:
        found = found[int(key) if isinstance(found, list) else key]
    return found


def prepare():
    made = []
    for service, operation, arguments in SEED.get("make", []):
        region = arguments.pop("Region", "us-west-2")
        account = arguments.pop("Account", None)
        keys = keys_of(account, region) if account else {}
        client = boto3.client(service, region_name=region, endpoint_url=URL, **keys)
        made.append(getattr(client, operation)(**resolved(arguments, made)))
    for certificate in SEED.get("certificates", []):
        certify(**certificate)


prepare()
PREPARING = False
print(port, flush=True)
for line in sys.stdin:
    PREPARING = True
    SEED = json.loads(line)
    moto_api_backend.reset()
    prepare()
    PREPARING = False
    print(port, flush=True)
server.stop()
