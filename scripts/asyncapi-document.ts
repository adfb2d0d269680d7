/** docs/asyncapi.json: the topics of the log for programs that read or write it (AsyncAPI 3.0, from the catalogue). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InboundEdit, InboundMessage, InboundReaction, InboundReceipt } from '../src/core/conversations/inbound.ts'
import { catalogue, type EventType } from '../src/core/events/catalogue.ts'
import { nameOf, plain, shape, shapeNames } from './named-shapes.ts'
import { root } from './runtime.ts'

interface Topic {
  readonly name: string
  readonly description: string
  readonly key: string
  /** What an outsider does with it. */
  readonly action: 'send' | 'receive'
}

const topics: readonly Topic[] = [
  {
    name: 'inbound',
    description: 'What was said outside, from connectors; ingest makes conversations of it.',
    key: 'The id of the channel, a colon, the platform’s chat.',
    action: 'send',
  },
  {
    name: 'domain',
    description: 'Everything public that happened, in order for each subject.',
    key: 'The subject: the id of a conversation, contact, channel…',
    action: 'receive',
  },
  {
    name: 'work',
    description: 'What routing decides on. Internal: read it to understand, not to build on.',
    key: 'The id of the tenant.',
    action: 'receive',
  },
]

export function asyncApi(): object {
  const { version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
    description: string
  }
  const events = Object.entries<EventType>(catalogue)
  const messagesOf = (topic: string) =>
    topic === 'inbound'
      ? ['inbound.message', 'inbound.edit', 'inbound.reaction', 'inbound.receipt']
      : events.filter(([, type]) => (type.topics as readonly string[]).includes(topic)).map(([name]) => name)
  return {
    asyncapi: '3.0.0',
    info: { title: 'Tributary 汇流: the log', version, description },
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(
      topics.map((topic) => [
        topic.name,
        {
          address: topic.name,
          description: topic.description,
          messages: Object.fromEntries(
            messagesOf(topic.name).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
          ),
          bindings: { kafka: { topic: topic.name, bindingVersion: '0.5.0' } },
        },
      ]),
    ),
    operations: Object.fromEntries(
      topics.map((topic) => [
        `${topic.action}-${topic.name}`,
        { action: topic.action, channel: { $ref: `#/channels/${topic.name}` } },
      ]),
    ),
    components: {
      messages: Object.fromEntries([
        ...events.map(([name, type]) => [name, message(name, type.description, plain(type.data), keyOf(type))]),
        ['inbound.message', message('inbound.message', 'Somebody wrote.', plain(InboundMessage), 'inbound')],
        [
          'inbound.edit',
          message('inbound.edit', 'Somebody has changed what they wrote.', plain(InboundEdit), 'inbound'),
        ],
        [
          'inbound.reaction',
          message('inbound.reaction', 'Somebody reacts to a message.', plain(InboundReaction), 'inbound'),
        ],
        ['inbound.receipt', message('inbound.receipt', 'What became of a message.', plain(InboundReceipt), 'inbound')],
      ]),
      schemas: { CloudEvent: cloudEvent, ...Object.fromEntries(shapeNames.map((name) => [name, inside(shape(name))])) },
    },
  }
}

function keyOf(type: EventType): string {
  return type.topics.includes('domain') ? 'domain' : (type.topics[0] ?? 'domain')
}

function message(name: string, summary: string, data: object, topic: string): object {
  const key = topics.find((one) => one.name === topic)?.key
  return {
    name,
    summary,
    payload: {
      allOf: [
        { $ref: '#/components/schemas/CloudEvent' },
        { type: 'object', properties: { type: { const: name }, data: refer(data) } },
      ],
    },
    ...(key !== undefined && {
      bindings: { kafka: { key: { type: 'string', description: key }, bindingVersion: '0.5.0' } },
    }),
  }
}

/** The schema with every named shape replaced by a reference to it. */
function refer(schema: object): object {
  const name = nameOf(schema)
  return name === undefined ? inside(schema) : { $ref: `#/components/schemas/${name}` }
}

function inside(schema: object): object {
  const entries = Object.entries(schema).map(([key, value]): [string, unknown] => {
    if (Array.isArray(value)) return [key, value.map((one) => (isObject(one) ? refer(one) : one))]
    return [key, isObject(value) ? refer(value) : value]
  })
  return Object.fromEntries(entries)
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object'
}

const text = { type: 'string' }

const cloudEvent = {
  type: 'object',
  description: 'CloudEvents 1.0 in JSON, https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md',
  required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'tenantid', 'actorid', 'data'],
  properties: {
    specversion: { const: '1.0' },
    id: text,
    source: { ...text, description: 'On topics of the relay: /tenants/ten_…' },
    type: text,
    subject: text,
    time: { ...text, format: 'date-time' },
    datacontenttype: { const: 'application/json' },
    tenantid: text,
    actorid: text,
    causationid: text,
    position: {
      type: 'integer',
      description: 'Ascending over the hub; a publication may be repeated with the same one. Absent on inbound.',
    },
    data: { type: 'object' },
  },
}
