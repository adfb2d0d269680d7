/** /v1/agent-statuses: states of agents in the business's own words. */
import { Type } from 'typebox'
import { AgentStatus } from '../../core/events/shapes.ts'
import { listStatuses, putStatus } from '../../core/tenancy/agent-statuses.ts'
import { closed, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const tags = ['presence']

export const agentStatuses =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/agent-statuses',
      {
        config: { permission: 'presence:read' },
        schema: {
          operationId: 'listAgentStatuses',
          tags,
          summary: 'List the states of one’s own that agents can choose, retired ones too',
          response: { 200: Whole(AgentStatus) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, listStatuses) }),
    )

    app.put(
      '/v1/agent-statuses/:key',
      {
        config: { permission: 'group:write', audit: 'agent-status.update' },
        schema: {
          operationId: 'putAgentStatus',
          tags,
          summary: 'Make a state of one’s own, or change one',
          description:
            'What is left out stays as it is; a key that is not there yet makes a new one. Whoever is in it stays as they are until they choose anew.',
          params: Type.Object({ key: AgentStatus.properties.key }, closed),
          body: Type.Partial(Type.Omit(AgentStatus, ['key']), closed),
          response: { 200: AgentStatus },
        },
      },
      (request) => write(parts, request.principal, (tx) => putStatus(tx, request.params.key, request.body)),
    )
  }
