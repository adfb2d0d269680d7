import { describe, expect, it } from 'vitest'
import { addressRule } from '../../../src/connectors/runtime/addresses.ts'
import { openEgress } from '../../../src/connectors/runtime/egress.ts'

const isPublic = addressRule([])

const ours = [
  ['0.0.0.0', 'this machine'],
  ['0.1.2.3', 'this network'],
  ['10.0.0.1', 'private'],
  ['10.255.255.255', 'private, the last'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['100.100.100.200', "a cloud's metadata"],
  ['100.127.255.255', 'carrier-grade NAT, the last'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback, the last'],
  ['168.63.129.16', "a cloud's platform"],
  ['169.254.169.254', 'metadata'],
  ['169.254.0.1', 'link-local'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private, the last'],
  ['192.0.0.1', 'protocol assignments'],
  ['192.0.0.192', 'metadata of another cloud'],
  ['192.0.2.1', 'documentation'],
  ['192.88.99.1', '6to4 relay'],
  ['192.168.0.1', 'private'],
  ['192.168.255.255', 'private, the last'],
  ['198.18.0.1', 'benchmarks'],
  ['198.19.255.255', 'benchmarks, the last'],
  ['198.51.100.7', 'documentation'],
  ['203.0.113.7', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast, the last'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['::7f00:1', 'IPv4-compatible loopback'],
  ['::8.8.8.8', 'IPv4-compatible'],
  ['::ffff:127.0.0.1', 'mapped loopback'],
  ['::ffff:7f00:1', 'mapped loopback in hexadecimal'],
  ['::ffff:10.1.2.3', 'mapped private'],
  ['::ffff:a9fe:a9fe', 'mapped metadata'],
  ['::ffff:0:127.0.0.1', 'translated loopback (SIIT)'],
  ['0:0:0:0:0:ffff:c0a8:1', 'mapped private, written out'],
  ['64:ff9b::7f00:1', 'NAT64 of loopback'],
  ['64:ff9b::8.8.8.8', 'NAT64'],
  ['64:ff9b:1::1', 'local NAT64'],
  ['100::1', 'discard'],
  ['2001::1', 'Teredo'],
  ['2001:10::1', 'ORCHID'],
  ['2001:1ff::1', 'protocol assignments, the last'],
  ['2001:db8::1', 'documentation'],
  ['2002:7f00:1::', '6to4 of loopback'],
  ['2002:a9fe:a9fe::1', '6to4 of metadata'],
  ['2620:4f:8000::1', 'direct delegation of AS112'],
  ['3fff::1', 'documentation'],
  ['4000::1', 'not handed out'],
  ['5f00::1', 'segment routing'],
  ['fc00::1', 'unique local'],
  ['fd00:ec2::254', 'metadata over IPv6'],
  ['fdff::1', 'unique local'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local with a zone'],
  ['febf::1', 'link-local, the last'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'the last of all'],
  ['', 'nothing'],
  ['localhost', 'a name'],
  ['1.2.3', 'not an address'],
] as const

const everybodys = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '128.0.0.1',
  '168.63.129.17',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.1',
  '192.169.0.1',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2400:3200::1',
  '2606:4700:4700::1111',
  '2a00:1450::1',
]

describe('the rule on addresses', () => {
  it.each(ours)('does not let %s be called: %s', (address) => expect(isPublic(address)).toBe(false))
  it.each(everybodys)('lets %s be called', (address) => expect(isPublic(address)).toBe(true))

  it('opens what the operator allows, and nothing beside it', () => {
    const rule = addressRule(['127.0.0.0/8', '10.2.0.0/16', 'fd12::/32', '::1/128'])
    expect(['127.0.0.1', '10.2.3.4', '::ffff:127.0.0.1', 'fd12::9', '::1'].map(rule)).toEqual(Array(5).fill(true))
    expect(['10.3.0.1', '169.254.169.254', 'fd13::1', '::2'].map(rule)).toEqual(Array(4).fill(false))
  })

  it.each(['10.0.0.0', '10.0.0.0/33', '::/129', 'example.com/8', '10.0.0.0/-1', '10.0.0.0/a', ''])(
    'does not take %j for a range',
    (range) => expect(() => addressRule([range])).toThrow(TypeError),
  )
})

describe('a URL', () => {
  const { refusal } = openEgress({ allow: [], maxResponseBytes: 1000, timeoutMs: 1000 })

  it.each([
    'http://127.0.0.1/',
    'http://0/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://127.1/',
    'http://017700000001/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://127.0.0.1./',
    'http://１２７.０.０.１/',
    'http://①②⑦.⓪.⓪.①/',
    'http://169.254.169.254/latest/meta-data/',
    'http://%31%32%37.0.0.1/',
    'http:127.0.0.1',
    'http:\\\\127.0.0.1\\',
    'https://name:password@example.com/',
    'https://name@example.com/',
    'file:///etc/passwd',
    'ftp://example.com/',
    'gopher://example.com/',
    'data:text/plain,a',
    'javascript:alert(1)',
    'https://example.com:22/',
    'https://example.com:25/',
    'http://example.com:0/',
    'http://[fe80::1%25eth0]/',
    'not a url',
    '',
  ])('that leads astray is refused before anything is sent: %s', (url) =>
    expect(refusal(url)).toMatchObject({ code: 'address-refused' }),
  )

  it.each(['https://example.com/a?b=c', 'http://example.com:8080/', 'https://8.8.8.8/', 'https://[2606:4700::1111]/'])(
    'that is plain may be tried: %s',
    (url) => expect(refusal(url)).toBeUndefined(),
  )
})
