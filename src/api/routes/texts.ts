/** /v1/texts and /v1/reception-rules: what the hub says by itself, and by which rules it does. */
import { Type } from 'typebox'
import { listRules, putRules } from '../../core/conversations/reception-rules.ts'
import { builtInTexts, variables } from '../../core/conversations/text-words.ts'
import {
  listOwnGreetings,
  listTexts,
  putOwnGreeting,
  putText,
  removeOwnGreeting,
  removeText,
} from '../../core/conversations/texts.ts'
import {
  Language,
  OwnGreeting,
  ReceptionRules,
  ReceptionText,
  ScopedRules,
  TextKind,
} from '../../core/events/reception-shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { colleagueOf } from '../colleagues.ts'
import { closed, Nothing, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { ifMatch, withEtag } from '../versions.ts'

const Scope = Type.String({ pattern: '^(all|chn_[0-7][0-9a-hjkmnp-tv-z]{25})$' })
const Place = Type.Object({ scope: Scope, kind: TextKind, language: Language }, closed)
const OwnPlace = Type.Object({ language: Language }, closed)
const Words = Type.Object({ text: Type.String({ maxLength: 2000 }) }, closed)
const BuiltIn = Type.Object({ kind: TextKind, language: Language, text: Type.String() })

const tags = ['texts']
const told = `A text may hold ${variables.map((name) => `\`{{${name}}}\``).join(', ')}; a line in which one has no value is left out.`

export const texts =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/texts',
      {
        config: { permission: 'text:read' },
        schema: {
          operationId: 'listTexts',
          tags,
          summary: 'List what the hub says by itself, as far as somebody has written it',
          description: told,
          response: { 200: Whole(ReceptionText) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, listTexts) }),
    )

    app.get(
      '/v1/texts/built-in',
      {
        config: { permission: 'text:read' },
        schema: {
          operationId: 'listBuiltInTexts',
          tags,
          summary: 'List what is said where nobody wrote a text, once a rule or the hours ask for one',
          response: { 200: Whole(BuiltIn) },
        },
      },
      async () => ({
        data: Object.entries(builtInTexts).flatMap(([language, byKind]) =>
          Object.entries(byKind).map(([kind, text]) => ({ kind: kind as keyof typeof byKind, language, text })),
        ),
      }),
    )

    app.put(
      '/v1/texts/:scope/:kind/:language',
      {
        config: { permission: 'text:write', audit: 'text.update' },
        schema: {
          operationId: 'putText',
          tags,
          summary: 'Write a text, for all or for a channel',
          description: `An empty one says that nothing is said. ${told}`,
          params: Place,
          body: Words,
          response: { 200: ReceptionText },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { params, body } = request
        return withEtag(reply, await write(parts, request.principal, (tx) => putText(tx, params, body.text, version)))
      },
    )

    app.delete(
      '/v1/texts/:scope/:kind/:language',
      {
        config: { permission: 'text:write', audit: 'text.remove' },
        schema: {
          operationId: 'removeText',
          tags,
          summary: 'Take a text away',
          params: Place,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => removeText(tx, request.params, version))
        reply.code(204)
        return null
      },
    )

    app.get(
      '/v1/me/greetings',
      {
        config: { permission: 'conversation:reply' },
        schema: {
          operationId: 'listOwnGreetings',
          tags,
          summary: 'List what is said in your name when a conversation comes to you',
          response: { 200: Whole(OwnGreeting) },
        },
      },
      async (request) => {
        const { id } = colleagueOf(request)
        return { data: await read(parts, request.principal, (tx) => listOwnGreetings(tx, id)) }
      },
    )

    app.put(
      '/v1/me/greetings/:language',
      {
        config: { permission: 'conversation:reply', audit: 'greeting.update' },
        schema: {
          operationId: 'putOwnGreeting',
          tags,
          summary: 'Write what is said in your name when a conversation comes to you',
          description: told,
          params: OwnPlace,
          body: Words,
          response: { 200: OwnGreeting },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { id, kind } = colleagueOf(request)
        if (kind !== 'member') throw new Fault('forbidden', 'member-required', 'A program has no words of its own.')
        const { language } = request.params
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => putOwnGreeting(tx, id, language, request.body.text, version)),
        )
      },
    )

    app.delete(
      '/v1/me/greetings/:language',
      {
        config: { permission: 'conversation:reply', audit: 'greeting.remove' },
        schema: {
          operationId: 'removeOwnGreeting',
          tags,
          summary: 'Have nothing said in your name',
          params: OwnPlace,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { id } = colleagueOf(request)
        await write(parts, request.principal, (tx) => removeOwnGreeting(tx, id, request.params.language, version))
        reply.code(204)
        return null
      },
    )

    app.get(
      '/v1/reception-rules',
      {
        config: { permission: 'text:read' },
        schema: {
          operationId: 'listReceptionRules',
          tags,
          summary: 'List by which rules the hub reminds, closes and asks',
          response: { 200: Whole(ScopedRules) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, listRules) }),
    )

    app.put(
      '/v1/reception-rules/:scope',
      {
        config: { permission: 'text:write', audit: 'reception-rules.update' },
        schema: {
          operationId: 'putReceptionRules',
          tags,
          summary: 'Say by which rules, for all or for a channel',
          description: 'In the place of what was said before: what is left out is as it is for all, or by default.',
          params: Type.Object({ scope: Scope }, closed),
          body: Type.Partial(ReceptionRules, closed),
          response: { 200: ScopedRules },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { scope } = request.params
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => putRules(tx, scope, request.body, version)),
        )
      },
    )
  }
