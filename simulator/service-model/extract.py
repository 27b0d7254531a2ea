#!/usr/bin/env python3
"""Writes the service models beside this file from those that botocore ships: python3 extract.py

One structure is a line with its name and, indented, its members: `Name` (a text), `Name:kind`, and `>wireName` where
EC2's name of the member in XML is not its name with a small first letter. Kinds: boolean, integer, float, timestamp,
another structure, `[kind]` for a list, `{kind}` for a map from text. `ActionResult` is what an action answers.
"""

import gzip
import json
import pathlib
import textwrap

import botocore

DATA = pathlib.Path(botocore.__file__).parent / "data"
HERE = pathlib.Path(__file__).parent

EC2 = """
AllocateAddress AssignPrivateIpAddresses AssociateAddress AssociateRouteTable AssociateSubnetCidrBlock
AssociateVpcCidrBlock AttachInternetGateway AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress
CreateInternetGateway CreateManagedPrefixList CreateNetworkInterface CreateRoute CreateRouteTable CreateSecurityGroup
CreateSubnet CreateTags CreateVpc DeleteInternetGateway DeleteManagedPrefixList DeleteNetworkInterface DeleteRoute
DeleteRouteTable DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc DescribeAccountAttributes DescribeAddresses
DescribeAvailabilityZones DescribeCoipPools DescribeInstances DescribeInternetGateways DescribeIpamPools
DescribeManagedPrefixLists DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroupRules
DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcPeeringConnections DescribeVpcs
DetachInternetGateway DisassociateAddress DisassociateRouteTable GetCoipPoolUsage GetManagedPrefixListEntries
GetSecurityGroupsForVpc ModifyInstanceAttribute ModifyManagedPrefixList ModifyNetworkInterfaceAttribute
ModifySecurityGroupRules ModifySubnetAttribute ReleaseAddress ReplaceRoute RevokeSecurityGroupEgress
RevokeSecurityGroupIngress RunInstances StartInstances StopInstances TerminateInstances UnassignPrivateIpAddresses
UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress
"""

# What an account description may hold besides what a Describe action answers.
ADDED = {
    "ec2": {
        "CoipPool": "CoipAddressUsages:[CoipAddressUsage]",
        "ManagedPrefixList": "Entries:[PrefixListEntry]",
        "NetworkInterface": "Tags:[Tag]",
    },
    "acm": {"CertificateDetail": "Certificate PrivateKey Tags:[Tag]"},
    "elbv2": {
        "LoadBalancer": "Attributes:[LoadBalancerAttribute] CapacityReservation:DescribeCapacityReservationResult "
        "Tags:[Tag]",
        "TargetGroup": "Attributes:[TargetGroupAttribute] Tags:[Tag] Targets:[TargetHealthDescription]",
        "Listener": "Attributes:[ListenerAttribute] Tags:[Tag]",
        "Rule": "ListenerArn Tags:[Tag]",
        "TrustStore": "Tags:[Tag]",
    },
    "shield": {"Protection": "Tags:[Tag]", "Shield": "Protections:[Protection] SubscriptionState"},
    "wafv2": {"WebACLSummary": "AssociatedResourceArns:[text] Scope Tags:[Tag]"},
}

ACTIONS = {
    "ec2": EC2.split(),
    "acm": """AddTagsToCertificate DeleteCertificate DescribeCertificate ImportCertificate ListCertificates
        ListTagsForCertificate RemoveTagsFromCertificate RequestCertificate""".split(),
    "iam": ["GetServerCertificate"],
    "elbv2": """DescribeCapacityReservation DescribeListenerAttributes DescribeListenerCertificates DescribeListeners
        DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeTags DescribeTargetGroupAttributes
        DescribeTargetGroups DescribeTargetHealth DescribeTrustStores""".split(),
    "shield": "CreateProtection DescribeProtection GetSubscriptionState ListProtections ListTagsForResource".split(),
    "wafv2": ["ListTagsForResource", "ListWebACLs"],
}


def load(service):
    folder = sorted((DATA / service).iterdir())[-1]
    packed = folder / "service-2.json.gz"
    text = gzip.open(packed).read() if packed.exists() else (folder / "service-2.json").read_bytes()
    return json.loads(text)


class Extract:
    def __init__(self, service):
        self.model = load(service)
        self.shapes = self.model["shapes"]
        self.ec2 = service == "ec2"
        self.added = ADDED.get(service, {})
        self.lines = {}
        for action in ACTIONS[service]:
            output = self.model["operations"][action].get("output")
            if output:
                self.structure(output["shape"], action + "Result")

    def structure(self, shape, name=None):
        name = name or shape
        if name not in self.lines:
            self.lines[name] = None
            members = [self.member(*member) for member in sorted(self.shapes[shape]["members"].items())]
            members += self.added.get(name, "").split()
            self.lines[name] = sorted(members, key=lambda member: member.split(":")[0])
        return name

    def member(self, name, reference):
        kind = self.kind(reference["shape"])
        wire = reference.get("locationName", name)
        written = name if kind == "text" else f"{name}:{kind}"
        return f"{written}>{wire}" if self.ec2 and wire != name[0].lower() + name[1:] else written

    def kind(self, shape):
        kind = self.shapes[shape]["type"]
        if kind == "structure":
            return self.structure(shape)
        if kind == "list":
            return f"[{self.kind(self.shapes[shape]['member']['shape'])}]"
        if kind == "map":
            return f"{{{self.kind(self.shapes[shape]['value']['shape'])}}}"
        return {"string": "text", "long": "integer", "double": "float", "blob": "text"}.get(kind, kind)

    def text(self):
        for name in self.added.keys() - self.lines.keys():
            self.lines[name] = self.added[name].split()
        version = self.model["metadata"]["apiVersion"]
        title = self.model["metadata"]["serviceFullName"]
        lines = [f"# {title} {version}, from AWS's service model (Apache-2.0); written by extract.py"]
        for name, members in sorted(self.lines.items()):
            lines.append(name)
            lines += textwrap.wrap(" ".join(members), 116, initial_indent="  ", subsequent_indent="  ",
                                   break_on_hyphens=False, break_long_words=False)
        return "\n".join(lines) + "\n"


for service in ACTIONS:
    (HERE / f"{service}.txt").write_text(Extract(service).text())
