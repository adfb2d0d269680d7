/** /satisfaction/{token}: the page behind a signed link. Without a log-in: the link names one request, and is good for one answer. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { answerSatisfaction, getSatisfaction } from '../../core/desk/satisfaction.ts'
import { readSatisfactionToken } from '../../core/desk/satisfaction-links.ts'
import { Fault } from '../../core/platform/errors.ts'
import { getTenant } from '../../core/tenancy/tenants.ts'
import { languageOf } from '../languages.ts'
import { satisfactionForm, satisfactionNotice, satisfactionPolicy } from '../satisfaction-html.ts'
import { type SatisfactionWords, satisfactionWords } from '../satisfaction-words.ts'
import { closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const address = '/satisfaction/:token'
const ByToken = Type.Object({ token: Type.String({ maxLength: 200 }) }, closed)
const Form = Type.Object(
  {
    score: Type.Optional(Type.String({ maxLength: 3 })),
    comment: Type.Optional(Type.String({ maxLength: 2000 })),
    tag: Type.Optional(Type.Array(Type.String({ maxLength: 50 }), { maxItems: 20 })),
  },
  closed,
)
const answers = { 200: Type.String(), 400: Type.String(), 404: Type.String(), 409: Type.String(), 410: Type.String() }

export const satisfactionPage =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault, clock } = parts
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 20_000 },
      (_request, body, done) => {
        const form = new URLSearchParams(String(body))
        const { tag: _, ...fields } = Object.fromEntries(form)
        done(null, { ...fields, tag: form.getAll('tag') })
      },
    )

    const show = (reply: FastifyReply, status: number, html: string) =>
      reply
        .code(status)
        .header('content-security-policy', satisfactionPolicy)
        .type('text/html; charset=utf-8')
        .send(html)

    /** The page for what went wrong: the same for a link that is forged and for one whose request is gone. */
    const refuse = (request: FastifyRequest, reply: FastifyReply, business: string, code: string) => {
      const language = languageOf(request.headers['accept-language'], 'zh-CN')
      const words: SatisfactionWords = satisfactionWords[language]
      if (code === 'satisfaction-answered')
        return show(reply, 409, satisfactionNotice(business, language, words.answered))
      if (code === 'satisfaction-expired')
        return show(reply, 410, satisfactionNotice(business, language, words.expired))
      return show(reply, 404, satisfactionNotice('', language, words.unknown))
    }

    const find = async (token: string) => {
      const named = readSatisfactionToken(vault, token)
      if (named === undefined) return undefined
      const actor = { id: named.id, tenantId: named.tenantId }
      return read(parts, actor, async (tx) => {
        const asked = await getSatisfaction(tx, named.id).catch(faultOf)
        if (asked instanceof Fault) return undefined
        return { actor, asked, business: (await getTenant(tx)).name }
      })
    }

    app.get(
      address,
      { config: { permission: 'public' }, schema: { hide: true, params: ByToken, response: answers } },
      async (request, reply) => {
        const found = await find(request.params.token)
        if (found === undefined) return refuse(request, reply, '', 'satisfaction-unknown')
        const { asked, business } = found
        if (asked.answeredAt !== null) return refuse(request, reply, business, 'satisfaction-answered')
        if (Date.parse(asked.expiresAt) <= clock()) return refuse(request, reply, business, 'satisfaction-expired')
        return show(
          reply,
          200,
          satisfactionForm(business, asked, languageOf(request.headers['accept-language'], 'zh-CN')),
        )
      },
    )

    app.post(
      address,
      {
        config: { permission: 'public', unaudited: 'What a customer says is kept as a record of its own.' },
        schema: { hide: true, params: ByToken, body: Form, response: answers },
      },
      async (request, reply) => {
        const found = await find(request.params.token)
        if (found === undefined) return refuse(request, reply, '', 'satisfaction-unknown')
        const { actor, asked, business } = found
        const { score, comment = '', tag = [] } = request.body
        const verdict = {
          score: Number(score ?? 0),
          comment,
          tags: tag,
          source: 'link',
        } as const
        const answered = await write(parts, actor, (tx) => answerSatisfaction(tx, asked.id, verdict, clock())).catch(
          faultOf,
        )
        const language = languageOf(request.headers['accept-language'], 'zh-CN')
        const words = satisfactionWords[language]
        if (!(answered instanceof Fault)) return show(reply, 200, satisfactionNotice(business, language, words.thanks))
        if (answered.kind === 'invalid')
          return show(reply, 400, satisfactionForm(business, asked, language, words.choose))
        return refuse(request, reply, business, answered.code)
      },
    )
  }

function faultOf(error: unknown): Fault {
  if (error instanceof Fault && error.kind !== 'unavailable') return error
  throw error
}
