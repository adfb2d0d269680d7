/** /v1/contact-imports and /v1/contact-export: contacts in and out as tables. */
import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import { type Static, Type } from 'typebox'
import { type ExportColumn, exportColumns, exportPage } from '../../core/contacts/export.ts'
import { targetPattern } from '../../core/contacts/import-mapping.ts'
import type { ImportPlan } from '../../core/contacts/import-rows.ts'
import {
  cancelImport,
  getImport,
  importLimits,
  listImportErrors,
  listImports,
  previewImport,
  previewRows,
  startImport,
} from '../../core/contacts/imports.ts'
import type { ContactFilter } from '../../core/contacts/search.ts'
import { ContactImport, ImportError } from '../../core/events/contact-shapes.ts'
import { Id, Nullable, OneOf } from '../../core/events/shapes.ts'
import { csvLine } from '../../core/platform/csv.ts'
import { writeXlsx } from '../../core/platform/xlsx-writer.ts'
import { ContactFilterQuery, Tags } from '../contact-schemas.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { dispositionOf } from '../file-answers.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Page } from '../schemas.ts'
import type { RoutePlugin } from '../server.ts'
import { takeTable } from '../table-uploads.ts'
import { read } from '../transactions.ts'
import { type FileServerParts, multipartLimits } from '../uploads.ts'

const tags = ['contacts']

const Plan = {
  mapping: Type.Array(Nullable(Type.String({ pattern: targetPattern, maxLength: 80 })), {
    minItems: 1,
    maxItems: importLimits.columns,
    description:
      'For each column where it goes: name, province, city, company, phone, email, tags, note, `ext:{system}`, `attribute:{key}`; null: nowhere.',
  }),
  onMatch: Type.Optional(OneOf('update', 'skip')),
  tags: Type.Optional(Tags),
  groupId: Type.Optional(Nullable(Id('cgr'))),
}

const planOf = (body: {
  mapping: (string | null)[]
  onMatch?: 'update' | 'skip'
  tags?: string[]
  groupId?: string | null
}): ImportPlan => ({
  mapping: body.mapping,
  onMatch: body.onMatch ?? 'update',
  tags: body.tags ?? [],
  groupId: body.groupId ?? null,
})

const Preview = Type.Object({
  rows: Type.Array(
    Type.Object({
      row: Type.Integer({ description: 'As a spreadsheet numbers it.' }),
      outcome: OneOf('created', 'updated', 'unchanged', 'failed'),
      contactId: Nullable(Id('ctc')),
      error: Nullable(Type.Object({ code: Type.String(), detail: Type.String(), column: Nullable(Type.Integer()) })),
    }),
  ),
})

/** In a scope of its own, since only here a form is taken. */
const contactUpload =
  (parts: FileServerParts): RoutePlugin =>
  async (app) => {
    await app.register(multipart, multipartLimits(parts.files.limits.maxBytes))

    app.post(
      '/v1/contact-imports',
      {
        config: { permission: 'contact:transfer', audit: 'contact-import.create' },
        schema: {
          operationId: 'uploadContacts',
          tags,
          summary: 'Upload a table of contacts',
          description:
            `multipart/form-data with one file: CSV in UTF-8 or GB18030, or XLSX; its first row names the columns. At most ${importLimits.rows} ` +
            'rows. Nothing is imported yet: say with `start` what the columns are.',
          consumes: ['multipart/form-data'],
          response: { 201: ContactImport },
        },
      },
      async (request, reply) => {
        const taken = await takeTable(parts, request)
        reply.code(201).header('location', `/v1/contact-imports/${taken.id}`)
        return taken
      },
    )
  }

export const contactTransfer =
  (parts: FileServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts
    await app.register(contactUpload(parts))

    app.get(
      '/v1/contact-imports',
      {
        config: { permission: 'contact:transfer' },
        schema: {
          operationId: 'listContactImports',
          tags,
          summary: 'List imports of contacts, the newest first; they are kept for 30 days',
          querystring: ListQuery({}),
          response: { 200: Page(ContactImport) },
        },
      },
      async (request) => {
        const list = ['contact-imports', request.principal.tenantId]
        const page = pageRequest(vault, list, request.query)
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listImports(tx, page)))
      },
    )

    app.get(
      '/v1/contact-imports/:id',
      {
        config: { permission: 'contact:transfer' },
        schema: {
          operationId: 'getContactImport',
          tags,
          summary: 'Read an import, with how far it is',
          params: ById('imp'),
          response: { 200: ContactImport },
        },
      },
      (request) => read(parts, request.principal, (tx) => getImport(tx, request.params.id)),
    )

    app.get(
      '/v1/contact-imports/:id/errors',
      {
        config: { permission: 'contact:transfer' },
        schema: {
          operationId: 'listContactImportErrors',
          tags,
          summary: `List the rows that could not be taken, with the reasons: the first ${importLimits.errors} of them`,
          params: ById('imp'),
          querystring: ListQuery({}),
          response: { 200: Page(ImportError) },
        },
      },
      async (request) => {
        const { id } = request.params
        const list = ['contact-import-errors', request.principal.tenantId, id]
        const page = pageRequest(vault, list, request.query)
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listImportErrors(tx, id, page)))
      },
    )

    app.post(
      '/v1/contact-imports/:id/preview',
      {
        config: { permission: 'contact:transfer', unaudited: 'It changes nothing.' },
        schema: {
          operationId: 'previewContactImport',
          tags,
          summary: `See what the first ${previewRows} rows would become`,
          params: ById('imp'),
          body: Type.Object(Plan, closed),
          response: { 200: Preview },
        },
      },
      async (request) => {
        const outcomes = await read(parts, request.principal, (tx) =>
          previewImport(tx, request.params.id, planOf(request.body)),
        )
        return {
          rows: outcomes.map(({ number, outcome, contactId, error }) => ({
            row: number,
            outcome,
            // Of one that would be made there is none yet.
            contactId: outcome === 'created' ? null : contactId,
            error,
          })),
        }
      },
    )

    app.post(
      '/v1/contact-imports/:id/start',
      {
        config: { permission: 'contact:transfer', audit: 'contact-import.start' },
        schema: {
          operationId: 'startContactImport',
          tags,
          summary: 'Start an import, or try all of it without changing anything',
          description:
            'A row is found by its addresses: of whom there is a contact, that one is changed, so the same file again doubles nothing. Each row is ' +
            'taken whole or not at all. With `check` everything is tried and nothing kept; then it is a draft again, with counts and errors.',
          params: ById('imp'),
          body: Type.Object({ ...Plan, check: Type.Optional(Type.Boolean()) }, closed),
          response: { 202: ContactImport },
        },
      },
      async (request, reply) => {
        const { check, ...plan } = request.body
        const started = await idempotent<Static<typeof ContactImport>>(parts, request, reply, async (tx) => ({
          status: 202,
          body: await startImport(tx, request.params.id, planOf(plan), check ? 'check' : 'import'),
        }))
        parts.wake.hint('jobs')
        return started
      },
    )

    app.post(
      '/v1/contact-imports/:id/cancel',
      {
        config: { permission: 'contact:transfer', audit: 'contact-import.cancel' },
        schema: {
          operationId: 'cancelContactImport',
          tags,
          summary: 'End an import; what was taken stays, what waits is thrown away',
          params: ById('imp'),
          response: { 200: ContactImport },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof ContactImport>>(parts, request, reply, async (tx) => ({
          status: 200,
          body: await cancelImport(tx, request.params.id),
        })),
    )

    app.get(
      '/v1/contact-export',
      {
        config: { permission: 'contact:transfer', audit: 'contact-export.read', raw: true },
        schema: {
          operationId: 'exportContacts',
          tags,
          summary: 'Export contacts as a table',
          description:
            'CSV in UTF-8 with a byte order mark, as Excel wants it, or XLSX. An import takes it as it is. What a spreadsheet would take for a formula ' +
            'begins with an apostrophe in CSV.',
          querystring: Type.Object({ ...ContactFilterQuery, format: Type.Optional(OneOf('csv', 'xlsx')) }, closed),
          response: { 200: { content: { 'text/csv': { schema: Bytes }, [xlsx]: { schema: Bytes } } } },
        },
      },
      async (request, reply) => {
        const { format = 'csv', ...filter } = request.query as { format?: 'csv' | 'xlsx' } & ContactFilter
        const columns = await read(parts, request.principal, exportColumns)
        const day = new Date(parts.clock()).toISOString().slice(0, 10)
        reply.header('content-disposition', dispositionOf('attachment', `contacts-${day}.${format}`))
        const table = tableOf(columns, (after) =>
          read(parts, { ...request.principal }, (tx) => exportPage(tx, filter, columns, after)),
        )
        if (format === 'xlsx') {
          reply.type(xlsx)
          return reply.send(writeXlsx(table))
        }
        reply.type('text/csv; charset=utf-8')
        return reply.send(Readable.from(csvOf(table)))
      },
    )
  }

const Bytes = Type.Unsafe<Readable>({ type: 'string' })
const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

type PageReader = (after: string) => ReturnType<typeof exportPage>

async function* tableOf(columns: readonly ExportColumn[], page: PageReader): AsyncGenerator<readonly string[]> {
  yield columns.map(({ title }) => title)
  for (let after: string | null = ''; after !== null; ) {
    const { rows, next }: Awaited<ReturnType<PageReader>> = await page(after)
    yield* rows
    after = next
  }
}

async function* csvOf(table: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  let text = '\ufeff'
  for await (const cells of table) {
    text += csvLine(cells)
    if (text.length < 65_536) continue
    yield text
    text = ''
  }
  yield text
}
