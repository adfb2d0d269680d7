/** Steps of SIPp’s caller within its call, for the scenarios that take some. */

/** A request within the call of SIPp's caller. */
export function within(method: string, number: number, type: string, body: string, branch = '[branch]'): string {
  return `<send${method === 'ACK' ? '' : ' retrans="500"'}><![CDATA[

${method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=${branch}
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: ${number} ${method}
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
${body === '' ? '' : `Content-Type: ${type}\n`}Content-Length: [len]

${body}
]]></send>`
}

/** A key in a message of its own, and its answer. */
export const info = (key: string, number = 2): string =>
  `${within('INFO', number, 'application/dtmf-relay', `Signal=${key}\r\nDuration=160\r\n`)}<recv response="200"/>`

/** A key by RFC 4733, as SIPp brings it. */
export const sound = (key: string): string =>
  `<nop><action><exec play_pcap_audio="/usr/share/sip-tester/dtmf_2833_${key}.pcap"/></action></nop>`
