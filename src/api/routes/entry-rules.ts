/** /v1/entry-rules: which skill group a conversation comes into. */
import { type Static, Type } from 'typebox'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { EntryConditions, EntryFallback, EntryRule, EntrySource, EntryTarget } from '../../core/events/entry-shapes.ts'
import { SkillLevel } from '../../core/events/routing-shapes.ts'
import { Id, Nullable, OneOf } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import type { Verdict as Taken } from '../../routing/entry-match.ts'
import {
  createEntryRule,
  getEntryRule,
  listEntryRules,
  readPrecedence,
  removeEntryRule,
  setPrecedence,
  updateEntryRule,
  warningsOf,
} from '../../routing/entry-rules.ts'
import { tryEntry } from '../../routing/entry-trial.ts'
import { passedSentence, ruleSentence } from '../../routing/sentences.ts'
import { colleagueOf } from '../colleagues.ts'
import { type Language, languageFor } from '../languages.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, Name, Nothing, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

const optional = {
  enabled: Type.Optional(Type.Boolean()),
  position: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  otherwise: Type.Optional(EntryFallback),
}
const RuleWithWarnings = Type.Intersect([
  EntryRule,
  Type.Object({
    warnings: Type.Array(Type.String(), {
      description: 'What is allowed, and yet can serve nobody as things are, in the language of `Accept-Language`.',
    }),
  }),
])
const PassedOver = Type.Object({
  ruleId: Id('rul'),
  name: Type.String(),
  reason: Type.String({
    description: 'The condition that does not hold, or `nobody-on-duty`, `group-gone`, `disabled`.',
  }),
  sentence: Type.String({ description: 'The same in the language of `Accept-Language`.' }),
})
const Verdict = Type.Object({
  ruleId: Id('rul'),
  name: Type.String(),
  groupId: Id('grp'),
  priority: Type.Integer(),
  skills: Type.Array(SkillLevel),
  because: Type.Array(Type.String()),
  fallback: Type.Optional(OneOf('wait', 'group')),
  sentence: Type.String(),
})
const Precedence = Type.Object(
  {
    precedence: Type.Array(EntrySource, {
      minItems: 1,
      maxItems: 4,
      uniqueItems: true,
      description: 'What comes first decides. What is left out decides nothing.',
    }),
  },
  closed,
)
const tags = ['routing']

export const entryRules =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/entry-rules',
      {
        config: { permission: 'group:read' },
        schema: {
          operationId: 'listEntryRules',
          tags,
          summary: 'All entry rules, in the order in which they are tried',
          response: { 200: Whole(EntryRule) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, listEntryRules) }),
    )

    app.post(
      '/v1/entry-rules',
      {
        config: { permission: 'group:write', audit: 'entry-rule.create' },
        schema: {
          operationId: 'createEntryRule',
          tags,
          summary: 'Add an entry rule',
          description: 'At `position`, else at the end. Takes effect with the next conversation that begins to wait.',
          body: Type.Object({ name: Name(), when: EntryConditions, target: EntryTarget, ...optional }, closed),
          response: { 201: RuleWithWarnings },
        },
      },
      (request, reply) => {
        const { enabled = true, otherwise = { to: 'wait' }, position, ...given } = request.body
        return idempotent<Warned>(parts, request, reply, async (tx) => {
          const rule = await createEntryRule(tx, { ...given, enabled, otherwise }, position)
          const headers = { location: `/v1/entry-rules/${rule.id}`, etag: etagOf(rule.version) }
          return { status: 201, body: await withWarnings(tx, rule, languageFor(request)), headers }
        })
      },
    )

    app.post(
      '/v1/entry-rules/try',
      {
        config: { permission: 'group:read', unaudited: 'It changes nothing.' },
        schema: {
          operationId: 'tryEntryRules',
          tags,
          summary: 'Which rule would take this, and why not the others',
          description: 'Of a conversation that is there, or of words, a channel and a contact. Changes nothing.',
          body: Type.Object(
            {
              conversationId: Type.Optional(Id('cnv')),
              text: Type.Optional(Type.String({ maxLength: 10_000 })),
              channelId: Type.Optional(Id('chn')),
              contactId: Type.Optional(Id('ctc')),
              claims: Type.Optional(
                Type.Record(Type.String({ pattern: '^[\\w.-]{1,64}$' }), Type.String({ maxLength: 2000 }), {
                  maxProperties: 20,
                  additionalProperties: false,
                }),
              ),
            },
            closed,
          ),
          response: {
            200: Type.Object({
              verdict: Nullable(Verdict),
              passed: Type.Array(PassedOver),
              language: Nullable(Type.String()),
              region: Nullable(Type.String()),
              vip: Type.Boolean(),
            }),
          },
        },
      },
      async (request) => {
        const viewer = viewerOf(colleagueOf(request))
        const { facts, verdict, passed } = await read(parts, request.principal, (tx) =>
          tryEntry(tx, viewer, request.body, parts.clock()),
        )
        const language = languageFor(request)
        return {
          verdict: verdict === undefined ? null : verdictIn(verdict, language),
          passed: passed.map((one) => ({ ...one, sentence: passedSentence(one, language) })),
          language: facts.language ?? null,
          region: facts.region ?? null,
          vip: facts.vip,
        }
      },
    )

    app.get(
      '/v1/entry-rules/:id',
      {
        config: { permission: 'group:read' },
        schema: {
          operationId: 'getEntryRule',
          tags,
          summary: 'Read an entry rule',
          params: ById('rul'),
          response: { 200: RuleWithWarnings },
        },
      },
      async (request, reply) =>
        withEtag(
          reply,
          await read(parts, request.principal, async (tx) =>
            withWarnings(tx, await getEntryRule(tx, request.params.id), languageFor(request)),
          ),
        ),
    )

    app.patch(
      '/v1/entry-rules/:id',
      {
        config: { permission: 'group:write', audit: 'entry-rule.update' },
        schema: {
          operationId: 'updateEntryRule',
          tags,
          summary: 'Change an entry rule, or move it',
          params: ById('rul'),
          body: Type.Object(
            {
              name: Type.Optional(Name()),
              when: Type.Optional(EntryConditions),
              target: Type.Optional(EntryTarget),
              ...optional,
            },
            closed,
          ),
          response: { 200: RuleWithWarnings },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { position, ...change } = request.body
        const changed = await write(parts, request.principal, async (tx) =>
          withWarnings(
            tx,
            await updateEntryRule(tx, request.params.id, change, position, version),
            languageFor(request),
          ),
        )
        return withEtag(reply, changed)
      },
    )

    app.delete(
      '/v1/entry-rules/:id',
      {
        config: { permission: 'group:write', audit: 'entry-rule.remove' },
        schema: {
          operationId: 'removeEntryRule',
          tags,
          summary: 'Take an entry rule away',
          params: ById('rul'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => removeEntryRule(tx, request.params.id, version))
        reply.code(204)
        return null
      },
    )

    app.get(
      '/v1/entry-precedence',
      {
        config: { permission: 'group:read' },
        schema: {
          operationId: 'getEntryPrecedence',
          tags,
          summary: 'What decides first',
          response: { 200: Precedence },
        },
      },
      async (request) => ({ precedence: await read(parts, request.principal, readPrecedence) }),
    )

    app.put(
      '/v1/entry-precedence',
      {
        config: { permission: 'group:write', audit: 'entry-precedence.update' },
        schema: {
          operationId: 'setEntryPrecedence',
          tags,
          summary: 'Choose what decides first',
          description:
            '`designated`: whom the customer or their page asked for; `rules`; `last-agent`: who served them last; `channel`: the group of the channel.',
          body: Precedence,
          response: { 200: Precedence },
        },
      },
      async (request) => ({
        precedence: await write(parts, request.principal, (tx) => setPrecedence(tx, request.body.precedence)),
      }),
    )
  }

function verdictIn(verdict: Taken, language: Language): Static<typeof Verdict> {
  const { skills, because } = verdict
  return { ...verdict, skills: [...skills], because: [...because], sentence: ruleSentence(verdict, language) }
}

type Warned = Static<typeof RuleWithWarnings>

async function withWarnings(tx: TenantTx, rule: EntryRule, language: Language): Promise<Warned> {
  return { ...rule, warnings: await warningsOf(tx, rule, language) }
}
