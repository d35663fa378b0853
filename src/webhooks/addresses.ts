import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

/** All that is routed on the public Internet by IPv6; what lies elsewhere is special or not given out yet. */
const PUBLIC_V6 = ipaddr.parseCIDR('2000::/3');
/** A public address behind which each virtual machine of Azure finds its own host and metadata. */
const AZURE_HOST = '168.63.129.16';

/**
 * Which addresses may be sent to: those that are public, and the private ones that are allowed. Private here is whatever
 * is not plain unicast: loopback, link-local with the metadata services, RFC 1918, shared (CGNAT), multicast, reserved,
 * and the IPv6 forms in which an IPv4 address is hidden.
 */
export class Addresses {
  private readonly all: boolean;
  private readonly networks: readonly Network[];

  /** @param allowed all private addresses, none, or those at these addresses and networks */
  constructor(allowed: boolean | readonly string[]) {
    this.all = allowed === true;
    this.networks = typeof allowed === 'boolean' ? [] : allowed.map(networkOf);
  }

  /** False as well for what is no address. */
  allows(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    // `::ffff:10.0.0.1` is connected to as 10.0.0.1.
    const address = ipaddr.process(text);
    return this.all || isPublic(address) || this.networks.some((network) => contains(network, address));
  }
}

function networkOf(text: string): Network {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast' || address.toString() === AZURE_HOST) return false;
  return address.kind() === 'ipv4' || contains(PUBLIC_V6, address);
}

const contains = ([network, bits]: Network, address: Address): boolean =>
  address.kind() === network.kind() && address.match(network, bits);
