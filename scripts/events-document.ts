/** docs/events.md: every event, its members and the shapes they are made of, from the catalogue. */
import { InboundEdit, InboundMessage, InboundReaction, InboundReceipt } from '../src/core/conversations/inbound.ts'
import { catalogue, type EventType } from '../src/core/events/catalogue.ts'
import { nameOf, plain, shape, shapeNames } from './named-shapes.ts'
import { code, memberTable, ownTypeText, type Schema } from './schema-text.ts'

const head = `<!-- Made by npm run docs from src/core/events/catalogue.ts. Change that file, not this one. -->

# Events

Everything that happens in the hub is an event. The same events come four ways, with the same \`data\`:

- \`GET /v1/events?after=<epoch>:<seq>\`: the feed of a tenant, page by page, kept for 30 days;
- \`GET /v1/stream\`: the feed as it grows, over a WebSocket or Server-Sent Events;
- the topic \`domain\` of the log, for programs that read Kafka;
- later, webhooks.

The events, their members and the shapes below are a public interface: members may be added, none is renamed or taken away. Be
ready for members and events that you do not know.

## On the feed and the stream

\`\`\`json
{"v":1,"id":"evt_…","seq":123,"epoch":"e7","type":"message.created","at":"2026-11-22T08:00:00.000Z","subject":"cnv_…","actor":"usr_…","data":{}}
\`\`\`

\`seq\` counts the events of your tenant, without a gap: it is the one order that everybody sees. An agent is shown some events
and not others, so an agent's stream has gaps; that of an API key that may read everything has none. \`epoch\` changes when the database was restored from
a backup: a cursor of another epoch means nothing any more, and the reader loads its lists anew. Remember \`epoch:seq\` of the last event that you have
dealt with, ask for what comes after it, and nothing is lost or doubled.

## On the log

Records of the log are [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md) in JSON. The key is the
subject on \`domain\`, the tenant on \`work\`, channel and peer on \`inbound\` and \`outbound\`.

| attribute | |
|---|---|
| \`specversion\` | \`1.0\` |
| \`id\` | \`evt_…\`; the same on the feed and on every topic |
| \`source\` | \`/tenants/ten_…\` |
| \`type\` | the event's name, below |
| \`subject\` | the id of what it is about; events of one subject are in order |
| \`time\` | when it happened |
| \`tenantid\` | \`ten_…\` |
| \`actorid\` | who did it: a member, a key, a visitor, a connector or a part of the hub |
| \`causationid\` | the event or command that led to it, where there is one |
| \`position\` | ascending over the whole hub; absent on \`inbound\`. **A crash may repeat a publication with the same position**: a reader of the log keeps the last position it has handled of each partition and skips what is not above it |

[asyncapi.json](asyncapi.json) says the same for machines.`

export function eventsPage(): string {
  const entries = Object.entries<EventType>(catalogue)
  const index = entries.map(
    ([name, type]) => `| [\`${name}\`](#${anchor(name)}) | ${type.description} | ${where(type)} |`,
  )
  return `${[
    head,
    'Types: a *time* is RFC 3339 in UTC with milliseconds; `cnv_…` is an id with that prefix; names with a capital are [shapes](#shapes).',
    '## All events',
    ['| event | | where |', '|---|---|---|', ...index].join('\n'),
    ...entries.map(([name, type]) => section(`### ${name}`, type.description, memberTable(plain(type.data), nameOf))),
    '## What comes in',
    'The topic `inbound` carries what was said outside, before the hub has made anything of it. `data` is one of these. Programs that write it are connectors in other languages.',
    section('### inbound.message', 'Somebody wrote.', memberTable(plain(InboundMessage), nameOf)),
    section('### inbound.edit', 'Somebody has changed what they wrote.', memberTable(plain(InboundEdit), nameOf)),
    section('### inbound.reaction', 'Somebody reacts to a message.', memberTable(plain(InboundReaction), nameOf)),
    section('### inbound.receipt', 'What became of a message of ours.', memberTable(plain(InboundReceipt), nameOf)),
    '## Shapes',
    ...shapeNames.map((name) => section(`### ${name}`, '', shapeText(shape(name)))),
  ].join('\n\n')}\n`
}

function where(type: EventType): string {
  const topics = type.topics.map((topic) => `\`${topic}\``)
  return type.internal ? topics.join(', ') : ['feed', ...topics].join(', ')
}

/** An object is a table, a union of objects a list of its branches, anything else one line. */
function shapeText(schema: Schema): string {
  if (schema.properties !== undefined) return memberTable(schema, nameOf)
  if (schema.anyOf?.every((branch) => branch.properties !== undefined)) {
    return schema.anyOf.map((branch) => `- ${code(ownTypeText(branch, nameOf))}`).join('\n')
  }
  return code(ownTypeText(schema, nameOf))
}

function section(...paragraphs: string[]): string {
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')
}

function anchor(name: string): string {
  return name.replaceAll(/[^a-z0-9-]/g, '')
}
