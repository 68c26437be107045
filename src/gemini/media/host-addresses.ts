import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { BlockList, isIP } from 'node:net';

/** An IP address of a host. */
export interface HostAddress {
  address: string;
  family: number;
}

/**
 * Link-local addresses, which reach only the directly connected network. Cloud providers serve the credentials of a
 * machine at 169.254.169.254.
 */
const linkLocal = createBlockList(['169.254.0.0/16', 'fe80::/10']);

/** Addresses that only this machine or its network can reach (IANA's registries of special-purpose addresses). */
const privateRanges = createBlockList([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  ...['::/128', '::1/128', 'fc00::/7'],
]);

/** Creates a list of ranges. It also contains each IPv4 range as NAT64 translates it (RFC 6052). */
function createBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefixLength] = range.split('/');
    if (network.includes(':')) list.addSubnet(network, Number(prefixLength), 'ipv6');
    else {
      list.addSubnet(network, Number(prefixLength), 'ipv4');
      list.addSubnet(`64:ff9b::${network}`, 96 + Number(prefixLength), 'ipv6');
    }
  }
  return list;
}

/** Whether an address is link-local. An IPv4 address that is written as an IPv6 address counts as the IPv4 address. */
export function isLinkLocal({ address, family }: HostAddress): boolean {
  return linkLocal.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Whether an address is private or loopback. Link-local addresses count too. */
export function isPrivate(hostAddress: HostAddress): boolean {
  const { address, family } = hostAddress;
  return privateRanges.check(address, family === 6 ? 'ipv6' : 'ipv4') || isLinkLocal(hostAddress);
}

/**
 * Returns the addresses of a URL's host.
 * @param options if `usesProxy` is true, a host name is not looked up and the result is empty, because the proxy looks
 *   the name up, and this machine may not be able to
 */
export async function findHostAddresses(
  { hostname }: URL,
  { usesProxy }: { usesProxy: boolean },
): Promise<readonly HostAddress[]> {
  const bareHostname = hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(bareHostname);
  if (family !== 0) return [{ address: bareHostname, family }];
  return usesProxy ? [] : lookup(bareHostname, { all: true });
}

/**
 * Creates a lookup function for node:http that returns addresses that have been checked. If the request looked the name
 * up again, the name server could return an address that has not been checked.
 */
export function createFixedLookup(addresses: readonly HostAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses;
    if (options.all || !first) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}
