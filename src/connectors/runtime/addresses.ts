/**
 * Which addresses are nobody's business but ours: everything that is not plainly public. The registries rule:
 * https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { BlockList, isIP } from 'node:net'

const special4 = [
  '0.0.0.0/8', // this network; 0.0.0.0 reaches the machine itself
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT, and the metadata of one Chinese cloud
  '127.0.0.0/8',
  '168.63.129.16/32', // a cloud's platform address, public by form alone
  '169.254.0.0/16', // link-local, and the metadata of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4', // reserved, and broadcast
]

/** Outside 2000::/3 nothing is public; these are the exceptions within it. */
const special6 = [
  '::/3', // unspecified, loopback, IPv4-compatible, 64:ff9b::/96, 64:ff9b:1::/48, 100::/64
  '2001::/23', // protocol assignments, Teredo among them
  '2001:db8::/32',
  '2002::/16', // 6to4: any IPv4 address in disguise
  '2620:4f:8000::/48',
  '3fff::/20',
  '4000::/2', // 5f00::/16
  '8000::/1', // fc00::/7, fe80::/10, fec0::/10, ff00::/8
]

const refused4 = listOf(special4)
const refused6 = listOf(special6)
const mapped = listOf(['::ffff:0:0/96'])

/** Says of an IP address (no name, no brackets) whether it may be called. `allow` holds CIDR ranges that are ours to call. */
export type AddressRule = (address: string) => boolean

/** Throws a TypeError on a range that is not CIDR. */
export function addressRule(allow: readonly string[]): AddressRule {
  const allowed = listOf(allow)
  return (given) => {
    const address = plain(given)
    const family = isIP(address)
    if (family === 0) return false
    if (family === 4) return allowed.check(address, 'ipv4') || !refused4.check(address, 'ipv4')
    return allowed.check(address, 'ipv6') || !refused6.check(address, 'ipv6')
  }
}

/** Without zone; an IPv4 address that hides in an IPv6 one (::ffff:0:0/96) comes out as itself. */
function plain(given: string): string {
  const [address = ''] = given.split('%')
  if (isIP(address) !== 6 || !mapped.check(address, 'ipv6')) return address
  const [high = '0', low = '0'] = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':').slice(-2)
  const value = Number.parseInt(high || '0', 16) * 65_536 + Number.parseInt(low || '0', 16)
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix = ''] = range.split('/')
    const family = isIP(address)
    const bits = Number(prefix)
    if (family === 0 || !/^\d+$/.test(prefix) || bits > (family === 4 ? 32 : 128)) {
      throw new TypeError(`An address range looks like 10.0.0.0/8, not like ${range}.`)
    }
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
