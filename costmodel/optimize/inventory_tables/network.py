"""Columns of the network and edge tables."""

from typing import Final

from costmodel.optimize.inventory_tables.field import Field, TableSchema, resource_table

_STATE = Field("state", "text", "state as the service names it")

TABLES: Final[dict[str, TableSchema]] = {
    "addresses": resource_table(
        "Elastic IP address",
        (
            Field("public_ip", "text", "the address"),
            Field("association_id", "text", "association; null is not associated"),
            Field("instance_id", "text", "instance it points to"),
            Field("network_interface_id", "text", "network interface it points to"),
        ),
    ),
    "network_interfaces": resource_table(
        "network interface",
        (
            Field("availability_zone", "text", "availability zone"),
            Field("vpc_id", "text", "VPC"),
            Field("interface_type", "text", "interface, nat_gateway, vpc_endpoint, lambda …"),
            _STATE,
            Field("description", "text", "description; services name their resource here"),
            Field("instance_id", "text", "instance it is attached to"),
            Field("public_ips", "texts", "public IPv4 addresses"),
            Field("security_groups", "texts", "security groups"),
        ),
    ),
    "nat_gateways": resource_table(
        "NAT gateway",
        (
            Field("vpc_id", "text", "VPC"),
            Field("subnet_id", "text", "subnet"),
            Field("availability_zone", "text", "zone of its subnet"),
            _STATE,
            Field("connectivity", "text", "public or private"),
            Field("public_ips", "texts", "public IPv4 addresses"),
            Field("route_tables", "texts", "route tables with a route to it"),
        ),
    ),
    "route_tables": resource_table(
        "route table",
        (
            Field("vpc_id", "text", "VPC"),
            Field("nat_gateway_ids", "texts", "NAT gateways its routes point to"),
            Field("vpc_endpoint_ids", "texts", "gateway endpoints its routes point to"),
            Field("subnet_ids", "texts", "associated subnets"),
            Field("is_main", "flag", "main table of its VPC"),
        ),
    ),
    "subnets": resource_table(
        "subnet",
        (
            Field("vpc_id", "text", "VPC"),
            Field("availability_zone", "text", "availability zone"),
        ),
    ),
    "vpc_endpoints": resource_table(
        "VPC endpoint",
        (
            Field("vpc_id", "text", "VPC"),
            Field("endpoint_type", "text", "Interface, Gateway, GatewayLoadBalancer …"),
            Field("service_name", "text", "com.amazonaws.REGION.SERVICE"),
            _STATE,
            Field("subnet_ids", "texts", "subnets: one hourly charge each"),
            Field("route_tables", "texts", "route tables of a gateway endpoint"),
        ),
    ),
    "security_groups": resource_table("security group", (Field("vpc_id", "text", "VPC"),)),
    "load_balancers": resource_table(
        "load balancer of any type",
        (
            Field("load_balancer_type", "text", "application, network, gateway or classic"),
            Field("scheme", "text", "internet-facing or internal"),
            _STATE,
            Field("vpc_id", "text", "VPC"),
            Field("availability_zones", "texts", "zones"),
            Field("dimension", "text", "value of CloudWatch's LoadBalancer dimension"),
            Field("instances", "number", "registered instances, classic only"),
            Field("healthy_instances", "number", "instances in service, classic only"),
        ),
    ),
    "target_groups": resource_table(
        "target group",
        (
            Field("load_balancer_arns", "texts", "load balancers that use it; empty is unused"),
            Field("target_type", "text", "instance, ip, lambda or alb"),
            Field("protocol", "text", "protocol"),
            Field("vpc_id", "text", "VPC"),
            Field("dimension", "text", "value of CloudWatch's TargetGroup dimension"),
            Field("targets", "number", "registered targets; null is unknown"),
            Field("healthy_targets", "number", "healthy targets"),
            Field("target_ids", "texts", "registered targets"),
        ),
    ),
    "transit_gateway_attachments": resource_table(
        "transit gateway attachment",
        (
            Field("transit_gateway_id", "text", "transit gateway"),
            Field("attached_type", "text", "vpc, vpn, direct-connect-gateway, peering …"),
            Field("attached_id", "text", "what is attached"),
            _STATE,
        ),
    ),
    "vpn_connections": resource_table(
        "site-to-site VPN connection",
        (_STATE, Field("transit_gateway_id", "text", "transit gateway")),
    ),
    "client_vpn_endpoints": resource_table(
        "client VPN endpoint",
        (_STATE, Field("associations", "number", "associated subnets: one hourly charge each")),
    ),
    "direct_connect_connections": resource_table(
        "Direct Connect connection",
        (_STATE, Field("bandwidth", "text", "port speed"), Field("location", "text", "site")),
    ),
    "global_accelerators": resource_table(
        "Global Accelerator", (_STATE, Field("enabled", "flag", "enabled"))
    ),
    "resolver_endpoints": resource_table(
        "Route 53 Resolver endpoint",
        (
            _STATE,
            Field("direction", "text", "INBOUND or OUTBOUND"),
            Field("ip_addresses", "number", "network interfaces: one hourly charge each"),
        ),
    ),
    "network_firewalls": resource_table(
        "Network Firewall",
        (
            Field("vpc_id", "text", "VPC"),
            Field("endpoints", "number", "endpoints: one hourly charge each"),
        ),
    ),
    "cloudfront_distributions": resource_table(
        "CloudFront distribution",
        (
            _STATE,
            Field("enabled", "flag", "enabled"),
            Field("price_class", "text", "PriceClass_100, _200 or _All"),
            Field("compress", "flag", "the default behaviour compresses"),
            Field("web_acl_id", "text", "AWS WAF web ACL"),
            Field("aliases", "texts", "alternate names"),
        ),
    ),
    "route53_zones": resource_table(
        "Route 53 hosted zone",
        (
            Field("private", "flag", "private zone"),
            Field("records", "number", "record sets, NS and SOA included"),
        ),
    ),
    "route53_records": resource_table(
        "Route 53 record set; resource_id is zone/name/type/set",
        (
            Field("zone_id", "text", "hosted zone"),
            Field("type", "text", "A, AAAA, CNAME …"),
            Field("ttl_seconds", "number", "TTL; null for an alias", "s"),
            Field("set_identifier", "text", "set identifier of a routing policy"),
            Field("latency_region", "text", "region of a latency record"),
            Field("health_check_id", "text", "health check"),
            Field("alias_target", "text", "DNS name an alias points to"),
        ),
    ),
    "route53_health_checks": resource_table(
        "Route 53 health check",
        (
            Field("type", "text", "HTTP, HTTPS, TCP, CALCULATED …"),
            Field("domain", "text", "host it asks"),
            Field("ip_address", "text", "address it asks"),
        ),
    ),
    "web_acls": resource_table(
        "AWS WAF web ACL",
        (
            Field("scope", "text", "REGIONAL or CLOUDFRONT"),
            Field("rules", "number", "rules: one monthly charge each"),
            Field("resource_arns", "texts", "resources it guards (regional)"),
        ),
    ),
    "api_gateway_stages": resource_table(
        "stage of a REST API",
        (
            Field("api_id", "text", "REST API"),
            Field("api_name", "text", "name of the API"),
            Field("cache_enabled", "flag", "cache cluster is on"),
            Field("cache_size_gb", "number", "cache size", "GB"),
        ),
    ),
    "http_apis": resource_table(
        "HTTP or WebSocket API", (Field("protocol", "text", "HTTP or WEBSOCKET"),)
    ),
}
