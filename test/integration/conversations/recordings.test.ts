/** How long recordings of calls are kept. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { receiveCall, tellCall } from '../../../src/core/calls/calls.ts'
import { forgetRecordings, keepRecording, promiseRecording } from '../../../src/core/calls/recordings.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'

const day = 86_400_000
let ground: Ground
let shop: Shop

beforeAll(async () => {
  ground = await openGround()
  shop = await makeShop(ground.db)
})
afterAll(() => ground?.close())

/** A call that was over so many days ago, with its recording; answers with the file. */
async function recorded(key: string, daysAgo: number): Promise<string> {
  const at = Date.now() - daysAgo * day
  const sha256 = 'a'.repeat(64)
  return ground.db.transaction(shop.actor, async (tx) => {
    const call = { key, number: '13800138000', name: '', dialled: '9000' }
    const directed = await receiveCall(tx, ground.wake, shop.channelId, call, at)
    const callId = directed?.callId ?? ''
    await tellCall(tx, callId, { type: 'caller-left', at })
    const given = { callId, segment: 1, durationMs: 1000, bytes: 8044, sha256 }
    const promised = await promiseRecording(tx, given)
    await keepRecording(tx, promised?.fileId ?? '', given)
    return promised?.fileId ?? ''
  })
}

it('a recording goes once it is older than its channel keeps them, and not before; where nothing is said it stays', async () => {
  const [old, young] = [await recorded('old', 40), await recorded('young', 5)]
  const left = async () => {
    await ground.db.work('housekeeping', [shop.tenantId], (tx) => tx.run(forgetRecordings))
    return ground.db.work('test', [shop.tenantId], (tx) =>
      tx.query<{ id: string }>(
        `select id from files where tenant_id = $1 and id = any($2) and state = 'ready' order by created_at`,
        shop.tenantId,
        [old, young],
      ),
    )
  }
  expect(await left()).toEqual([{ id: old }, { id: young }])
  await ground.db.work('test', [shop.tenantId], (tx) =>
    tx.run(`update channels set settings = '{"keepDays": 30}' where tenant_id = $1`, shop.tenantId),
  )
  expect(await left()).toEqual([{ id: young }])
})
