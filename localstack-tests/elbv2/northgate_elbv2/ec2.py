"""Where LocalStack's EC2 (moto) answers otherwise than AWS and a test depends on it: one function for each."""

import threading
from contextlib import contextmanager
from fnmatch import fnmatch

from localstack.utils.patch import patch
from moto.core.responses import ActionResult
from moto.ec2 import utils
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.security_groups import SecurityGroups

# moto has no locks, and every answer below is read first and written then.
_lock = threading.RLock()


def apply():
    """Applies every patch."""
    delete_refuses_a_group_in_use()
    authorize_ingress_all_or_nothing()
    revoke_ingress_all_or_nothing()
    rules_are_equal_without_their_description()
    find_interfaces_by_any_address()
    filters_match_any_of_their_values()


def delete_refuses_a_group_in_use():
    """AWS: DeleteSecurityGroup fails with DependencyViolation while a network interface has the group or a rule of
    another group names it (a rule of its own does not count), and with CannotDelete for a VPC's default group."""

    @patch(SecurityGroups.delete_security_group)
    def delete_security_group(fn, self):
        with _lock:
            backend = self.ec2_backend
            wanted = self._get_param("GroupId") or self._get_param("GroupName")
            group = backend.get_security_group_by_name_or_id(wanted)
            if group is not None:
                if group.name == "default":
                    raise EC2ClientError(
                        "CannotDelete",
                        f'the specified group: "{group.id}" name: "default" cannot be deleted by a user',
                    )
                if _is_used(backend, group.id):
                    raise DependencyViolationError(f"resource {group.id} has a dependent object")
            return fn(self)


def _is_used(backend, group_id):
    on_interface = any(
        group.id == group_id for interface in list(backend.enis.values()) for group in interface.group_set
    )
    in_rule = any(
        rule.source_group.get("GroupId") == group_id
        for group in backend.describe_security_groups()
        if group.id != group_id
        for rule in group.ingress_rules + group.egress_rules
    )
    return on_interface or in_rule


def authorize_ingress_all_or_nothing():
    """AWS: AuthorizeSecurityGroupIngress adds all permissions of a request or, on any error, none; the answer lists
    every rule added. moto keeps those before the error, and lists the last permission's only."""

    @patch(SecurityGroups.authorize_security_group_ingress)
    def authorize_security_group_ingress(_fn, self):
        self.error_on_dryrun()
        added = []
        with _ingress_restored_on_error(self):
            for permission in self._process_rules_from_querystring():
                rules, _group = self.ec2_backend.authorize_security_group_ingress(**permission)
                added += rules
        return ActionResult({"Return": True, "SecurityGroupRules": added})


def revoke_ingress_all_or_nothing():
    """AWS: RevokeSecurityGroupIngress with one unknown rule fails with InvalidPermission.NotFound and revokes none."""

    @patch(SecurityGroups.revoke_security_group_ingress)
    def revoke_security_group_ingress(fn, self):
        with _ingress_restored_on_error(self):
            return fn(self)


@contextmanager
def _ingress_restored_on_error(response):
    wanted = response._get_param("GroupId") or response._get_param("GroupName")
    with _lock:
        group = response.ec2_backend.get_security_group_by_name_or_id(wanted)
        before = list(group.ingress_rules) if group is not None else []
        try:
            yield
        except Exception:
            if group is not None:
                group.ingress_rules = before
            raise


def rules_are_equal_without_their_description():
    """AWS: a rule is its protocol, ports and one source. A second one that differs in its description only is
    InvalidPermission.Duplicate, and revoking needs no description. moto compares the description of a group reference."""

    # An interface that every rule is compared through: `in`, `index` and `==` of the backend all end here.
    def equal(self, other):
        return _identity(self) == _identity(other)

    SecurityGroupRule.__eq__ = equal


def _identity(rule):
    ports = () if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    return (
        rule.is_egress,
        rule.ip_protocol,
        ports,
        rule.ip_range.get("CidrIp"),
        rule.ip_range.get("CidrIpv6"),
        rule.source_group.get("GroupId"),
        rule.prefix_list_id,
    )


def find_interfaces_by_any_address():
    """AWS: the filter `addresses.private-ip-address` of DescribeNetworkInterfaces matches secondary addresses as well
    (a pod's address is one), and there is `ipv6-addresses.ipv6-address`. moto knows the primary address only."""

    @patch(NetworkInterface.get_filter_value)
    def get_filter_value(fn, self, filter_name, method_name=None):
        if filter_name == "addresses.private-ip-address":
            return [address["PrivateIpAddress"] for address in self.private_ip_addresses]
        if filter_name == "ipv6-addresses.ipv6-address":
            return list(self.ipv6_addresses)
        return fn(self, filter_name, method_name)


def filters_match_any_of_their_values():
    """AWS: a filter on something that a resource has several of matches when one of them is one of the filter's values.
    moto wants one set within the other when the filter has more than one value."""

    @patch(utils.is_filter_matching)
    def is_filter_matching(fn, resource, name, wanted):
        values = resource.get_filter_value(name)
        if isinstance(values, list) and isinstance(wanted, list):
            return any(fnmatch(value, pattern) for value in values for pattern in wanted)
        return fn(resource, name, wanted)
