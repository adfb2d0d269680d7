/** A mail that its server does not hand out, over a real Dovecot: what it takes until it is given up, and what comes meanwhile. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ConnectorBench } from '../../conformance/connector-bench.ts'
import { farEnd, type MailFarEnd } from '../../fakes/email.ts'
import { eventually } from '../../support/eventually.ts'
import { customers } from '../../support/mail-servers.ts'
import { describeWith } from '../../support/services.ts'
import { type WayToImap, type Withheld, wayToImap } from '../../support/way-to-imap.ts'

describeWith(farEnd.needs ?? '', farEnd.needs === undefined ? 'here' : undefined, 'a mail that is withheld', () => {
  let bench: ConnectorBench
  const ways: WayToImap[] = []

  beforeAll(async () => {
    bench = await ConnectorBench.open([farEnd])
  })
  afterAll(async () => {
    await bench?.close()
    await Promise.all(ways.map((way) => way.close()))
  })

  /** A mailbox with a mail of each of those words, in their order, numbered from 1, before anybody reads it. */
  const mailbox = async (words: readonly string[], withheld: Withheld) => {
    let way: WayToImap | undefined
    const { id, far } = await bench.channel({
      ...farEnd,
      async open() {
        const made = (await farEnd.open()) as MailFarEnd
        way = await wayToImap(made.servers)
        ways.push(way)
        way.withheld = withheld
        for (const [index, text] of words.entries()) {
          await made.mail({ from: `li@${customers}`, text })
          const folder = join(made.servers.maildir(made.box), 'new')
          await eventually(async () => (await readdir(folder)).length > index)
        }
        const settings = { ...made.settings, imapPort: way.port, backfillDays: 1 }
        return Object.defineProperty(made, 'settings', { value: settings })
      },
    })
    if (way === undefined) throw new Error('there is no way to the mailbox')
    return { id, far: far as MailFarEnd, way }
  }
  const heard = async (channelId: string) =>
    (await bench.heard(channelId)).map(({ parts: [part] }) => (part?.type === 'text' ? part.text : ''))
  /** What administrators were told of the channel, in its order. */
  const told = async (type: 'channel.gap' | 'channel.state', channelId: string) => {
    const rows = await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
      tx.query<{ said: string }>(
        `select coalesce(data ->> 'reason', data #>> '{channel,state,detail}', '') as said from outbox
          where type = $1 and subject = $2 order by id`,
        type,
        channelId,
      ),
    )
    return rows.map(({ said }) => said)
  }
  const gaps = (channelId: string) => told('channel.gap', channelId)

  const cases: [name: string, withheld: Withheld, said: string][] = [
    ['refused with a NO', { how: 'refused', uids: (uid) => uid === 2 }, 'Cannot open it'],
    [
      'refused when its words are asked for',
      { how: 'refused', uids: (uid) => uid === 2, words: true },
      'Cannot open it',
    ],
    ['left out of the answer', { how: 'left-out', uids: (uid) => uid === 2 }, 'it leaves it out of its answer'],
    [
      'left out when its words are asked for',
      { how: 'left-out', uids: (uid) => uid === 2, words: true },
      'it leaves it out',
    ],
  ]
  it.for(cases)(
    'because it is %s is left unread after eight askings, told of, and those behind it come',
    async ([, withheld, said]) => {
      const { id, far, way } = await mailbox(['one', 'two', 'three', 'four'], withheld)
      await eventually(async () => (await heard(id)).length === 3)
      expect(await heard(id)).toEqual(['one', 'three', 'four'])
      expect(await gaps(id)).toEqual([
        expect.stringContaining(`mail-unreadable: the server does not hand it out, ${said}`),
      ])
      expect(way.times).toBeGreaterThanOrEqual(8)
      await eventually(async () => (await far.unread()).length === 1)
      expect((await far.unread())[0]).toMatch(/^two$/m)
      await far.mail({ from: `li@${customers}`, text: 'five' })
      await bench.heardWith(id, 'five')
      expect(await gaps(id)).toHaveLength(1)
    },
  )

  it('for fewer than eight askings comes in its place, and the channel says meanwhile what it waits for', async () => {
    const { id } = await mailbox(['one', 'two', 'three'], { how: 'refused', uids: (uid) => uid === 2, most: 7 })
    await eventually(async () => (await heard(id)).length === 3)
    expect(await heard(id)).toEqual(['one', 'two', 'three'])
    expect(await gaps(id)).toEqual([])
    const states = await told('channel.state', id)
    expect(states).toContain('The IMAP server does not hand out a mail (2): Cannot open it.')
  })

  const outages: [name: string, withheld: Withheld][] = [
    ['hands out no mail at all', { how: 'refused', uids: () => true }],
    ['leaves out every mail', { how: 'left-out', uids: () => true }],
    ['breaks off whenever it is asked for it', { how: 'cut', uids: (uid) => uid === 2 }],
  ]
  it.for(outages)('by a server that %s is waited for, however often it is asked for', async ([, withheld]) => {
    const { id, way } = await mailbox(['one', 'two', 'three'], withheld)
    const opened = () => bench.lines.filter((line) => line.includes(id) && line.includes('a channel is down')).length

    await eventually(() => opened() > 12)
    expect(await gaps(id)).toEqual([])
    way.withheld = undefined
    await eventually(async () => (await heard(id)).length === 3)
    expect(await heard(id)).toEqual(['one', 'two', 'three'])
    expect(await gaps(id)).toEqual([])
  })
})
