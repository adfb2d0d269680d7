/** Small text files that platforms ask for at the root of an address, to see that it is in their customer's hands. */
import { brokenConstraint, type Database, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'

/** The forms that platforms hand out. Nothing else can be put at the root: no path, no page, no script. */
export const namePattern = '^(MP|WW)_verify_[A-Za-z0-9]{1,64}\\.txt$'
export const contentPattern = '^[A-Za-z0-9._=-]{1,200}$'

/** A business has one or two for each platform account. */
const mostFiles = 50

export interface VerificationFile {
  readonly name: string
  readonly content: string
  readonly createdBy: string
  readonly createdAt: Date
}

const columns = 'name, content, created_by, created_at'

export function listVerificationFiles(tx: TenantTx): Promise<VerificationFile[]> {
  return tx.query(`select ${columns} from verification_files where tenant_id = $1 order by name`, tx.tenantId)
}

/**
 * Puts a file there, or other content into it. Faults with `verification-file-taken` when another business of this hub has one of
 * that name, `verification-files-too-many`.
 */
export async function putVerificationFile(tx: TenantTx, name: string, content: string): Promise<VerificationFile> {
  const { others } = await tx.one<{ others: number }>(
    'select count(*)::int as others from verification_files where tenant_id = $1 and name <> $2',
    tx.tenantId,
    name,
  )
  if (others >= mostFiles) {
    throw new Fault('conflict', 'verification-files-too-many', `There are ${mostFiles} already: take old ones away.`)
  }
  try {
    return await tx.one<VerificationFile>(
      `insert into verification_files (tenant_id, name, content, created_by) values ($1, $2, $3, $4)
       on conflict (tenant_id, name) do update set content = excluded.content returning ${columns}`,
      tx.tenantId,
      name,
      content,
      tx.actorId,
    )
  } catch (cause) {
    if (brokenConstraint(cause) !== 'verification_files_name') throw cause
    throw new Fault('conflict', 'verification-file-taken', 'A file of that name is there already.', { cause })
  }
}

/** Faults with `verification-file-unknown`. */
export async function removeVerificationFile(tx: TenantTx, name: string): Promise<void> {
  const removed = await tx.run('delete from verification_files where tenant_id = $1 and name = $2', tx.tenantId, name)
  if (removed === 0) throw unknownFile()
}

/** What stands in the file of that name, whosever it is: it is there to be read by anybody. Faults with `verification-file-unknown`. */
export async function readVerificationFile(db: Database, name: string): Promise<string> {
  const [file] = await db.ground<{ content: string }>('select content from verification_files where name = $1', name)
  if (file === undefined) throw unknownFile()
  return file.content
}

function unknownFile(): Fault {
  return new Fault('not-found', 'verification-file-unknown', 'There is no such file.')
}
