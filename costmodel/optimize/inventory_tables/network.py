"""Columns of the network and edge tables."""

from typing import Final

from costmodel.optimize.inventory_tables.field import TableSchema, read_tables

TABLES: Final[dict[str, TableSchema]] = read_tables(
    """
addresses: Elastic IP address
  public_ip text the address
  association_id text association; null is not associated
  instance_id text instance it points to
  network_interface_id text network interface it points to

network_interfaces: network interface
  availability_zone text availability zone
  vpc_id text VPC
  interface_type text interface, nat_gateway, vpc_endpoint, lambda …
  state text state as the service names it
  description text description; services name their resource here
  instance_id text instance it is attached to
  public_ips texts public IPv4 addresses
  security_groups texts security groups

nat_gateways: NAT gateway
  vpc_id text VPC
  subnet_id text subnet
  availability_zone text zone of its subnet
  state text state as the service names it
  connectivity text public or private
  public_ips texts public IPv4 addresses
  route_tables texts route tables with a route to it

route_tables: route table
  vpc_id text VPC
  nat_gateway_ids texts NAT gateways its routes point to
  vpc_endpoint_ids texts gateway endpoints its routes point to
  subnet_ids texts associated subnets
  is_main flag main table of its VPC

subnets: subnet
  vpc_id text VPC
  availability_zone text availability zone

vpc_endpoints: VPC endpoint
  vpc_id text VPC
  endpoint_type text Interface, Gateway, GatewayLoadBalancer …
  service_name text com.amazonaws.REGION.SERVICE
  state text state as the service names it
  subnet_ids texts subnets: one hourly charge each
  route_tables texts route tables of a gateway endpoint

security_groups: security group
  vpc_id text VPC

load_balancers: load balancer of any type
  load_balancer_type text application, network, gateway or classic
  scheme text internet-facing or internal
  state text state as the service names it
  vpc_id text VPC
  availability_zones texts zones
  dimension text value of CloudWatch's LoadBalancer dimension
  instances number registered instances, classic only
  healthy_instances number instances in service, classic only

target_groups: target group
  load_balancer_arns texts load balancers that use it; empty is unused
  target_type text instance, ip, lambda or alb
  protocol text protocol
  vpc_id text VPC
  dimension text value of CloudWatch's TargetGroup dimension
  targets number registered targets; null is unknown
  healthy_targets number healthy targets
  target_ids texts registered targets

transit_gateway_attachments: transit gateway attachment
  transit_gateway_id text transit gateway
  attached_type text vpc, vpn, direct-connect-gateway, peering …
  attached_id text what is attached
  state text state as the service names it

vpn_connections: site-to-site VPN connection
  state text state as the service names it
  transit_gateway_id text transit gateway

client_vpn_endpoints: client VPN endpoint
  state text state as the service names it
  associations number associated subnets: one hourly charge each

direct_connect_connections: Direct Connect connection
  state text state as the service names it
  bandwidth text port speed
  location text site

global_accelerators: Global Accelerator
  state text state as the service names it
  enabled flag enabled

resolver_endpoints: Route 53 Resolver endpoint
  state text state as the service names it
  direction text INBOUND or OUTBOUND
  ip_addresses number network interfaces: one hourly charge each

network_firewalls: Network Firewall
  vpc_id text VPC
  endpoints number endpoints: one hourly charge each

cloudfront_distributions: CloudFront distribution
  state text state as the service names it
  enabled flag enabled
  price_class text PriceClass_100, _200 or _All
  compress flag the default behaviour compresses
  web_acl_id text AWS WAF web ACL
  aliases texts alternate names

route53_zones: Route 53 hosted zone
  private flag private zone
  records number record sets, NS and SOA included

route53_records: Route 53 record set; resource_id is zone/name/type/set
  zone_id text hosted zone
  type text A, AAAA, CNAME …
  ttl_seconds number TTL; null for an alias [s]
  set_identifier text set identifier of a routing policy
  latency_region text region of a latency record
  health_check_id text health check
  alias_target text DNS name an alias points to

route53_health_checks: Route 53 health check
  type text HTTP, HTTPS, TCP, CALCULATED …
  domain text host it asks
  ip_address text address it asks

web_acls: AWS WAF web ACL
  scope text REGIONAL or CLOUDFRONT
  rules number rules: one monthly charge each
  resource_arns texts resources it guards (regional)

api_gateway_stages: stage of a REST API
  api_id text REST API
  api_name text name of the API
  cache_enabled flag cache cluster is on
  cache_size_gb number cache size [GB]

http_apis: HTTP or WebSocket API
  protocol text HTTP or WEBSOCKET
"""
)
