/**
 * A real Dovecot and a real Exim for one test file: their own folder, their own configuration, loopback, ports of their own. What Exim takes for
 * the business's domain lies in Dovecot's mailboxes; what it takes for customers lies in one Maildir, to be read by the test.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

const dovecot = '/usr/sbin/dovecot'
const exim = '/usr/sbin/exim4'

/** Whether both are installed (Debian: dovecot-imapd, exim4-daemon-light). */
export const haveMailServers = existsSync(dovecot) && existsSync(exim) && existsSync('/usr/lib/dovecot/imap')

export const domain = 'shop.example'
export const customers = 'customers.example'
/** Exim answers its recipients with 451 and 550. */
export const refusing = 'refusing.example'
/** Access tokens signed with it (HS256, `sub` and `email` being the mailbox) are good for a login by XOAUTH2. */
export const tokenKey = 'thirty-two letters and some more of them'
export const password = 'correct-horse-battery'
const boxes = 24

export interface MailServers {
  readonly imapPort: number
  /** TLS from the first byte. */
  readonly smtpsPort: number
  /** STARTTLS, and for customers of other servers without login. */
  readonly smtpPort: number
  /** The certificate of both, for `localhost` and 127.0.0.1. */
  readonly certificate: string
  readonly key: string
  /** The name of a mailbox that nobody has used. */
  takeBox(): string
  /** The folder of a mailbox. */
  maildir(box: string): string
  /** All that Exim has for customers, oldest first, once it has delivered what it took. */
  sentToCustomers(): Promise<Buffer[]>
  /** Runs doveadm on Dovecot's behalf. */
  doveadm(...args: string[]): string
  close(): Promise<void>
}

export async function startMailServers(): Promise<MailServers> {
  const folder = await mkdtemp(join(tmpdir(), 'mail-servers-'))
  await chmod(folder, 0o755)
  const [imapPort, smtpsPort, smtpPort] = [await freePort(), await freePort(), await freePort()]
  const owner = await ownerOf(folder)
  const file = (name: string) => join(folder, name)
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', file('key.pem'), '-out', file('cert.pem')],
    ],
    { stdio: 'ignore' },
  )
  await chmod(file('key.pem'), 0o644)
  const names = Array.from({ length: boxes }, (_, index) => `box${index}`)
  await writeFile(file('passwd'), names.map((name) => `${name}@${domain}:{PLAIN}${password}\n`).join(''))
  await writeFile(file('boxes'), names.map((name) => `${name}: ${name}\n`).join(''))
  await mkdir(file('keys/default/HS256'), { recursive: true })
  await writeFile(file('keys/default/HS256/default'), Buffer.from(tokenKey).toString('base64'))
  await writeFile(
    file('oauth2.conf'),
    `introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix=${folder}/keys/\n`,
  )
  await writeFile(file('dovecot.conf'), dovecotConfiguration(folder, imapPort, owner))
  await writeFile(file('exim.conf'), eximConfiguration(folder, smtpsPort, smtpPort, owner))
  await chmod(file('exim.conf'), 0o644)

  const children = [
    spawn(dovecot, ['-F', '-c', file('dovecot.conf')], { stdio: 'ignore' }),
    spawn(exim, ['-C', file('exim.conf'), '-bdf', '-q10m'], { stdio: 'ignore' }),
  ]
  let used = 0
  // Also when the tests are cut off before their end.
  const kill = () => children.forEach((child) => void child.kill())
  process.once('exit', kill)
  const stop = async () => {
    await Promise.all(children.map(ended))
    process.off('exit', kill)
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  try {
    for (const port of [imapPort, smtpsPort, smtpPort]) await eventually(() => isListening(port))
  } catch (error) {
    const logs = await Promise.all(
      ['dovecot.log', 'exim/mainlog', 'exim/paniclog'].map((name) => readFile(file(name), 'utf8').catch(() => '')),
    )
    await stop()
    throw new Error(`the mail servers do not start: ${logs.join('\n')}`, { cause: error })
  }
  return {
    imapPort,
    smtpsPort,
    smtpPort,
    certificate: await readFile(file('cert.pem'), 'utf8'),
    key: await readFile(file('key.pem'), 'utf8'),
    takeBox() {
      const name = names[used++]
      if (name === undefined) throw new Error(`There are ${boxes} mailboxes.`)
      return name
    },
    maildir: (box) => join(folder, 'mail', box, 'Maildir'),
    async sentToCustomers() {
      await eventually(async () => (await readdir(file('exim/spool/input')).catch(() => [])).length === 0)
      const place = file('customers/new')
      const names = await readdir(place).catch(() => [])
      const mails = await Promise.all(names.map((name) => readFile(join(place, name))))
      return mails.sort((a, b) => (takenAt(a) < takenAt(b) ? -1 : 1))
    },
    doveadm: (...args) => execFileSync('doveadm', ['-c', file('dovecot.conf'), ...args], { encoding: 'utf8' }),
    close: stop,
  }
}

/** When Exim took it, by its id: seconds and parts of one, in letters that sort. Processes deliver in whatever order. */
function takenAt(mail: Buffer): string {
  const [, seconds = '', part = ''] = /\bid (\w{6})-\w{6}-(\w{2})\b/.exec(mail.toString('latin1')) ?? []
  return `${seconds}${part}`
}

interface Owner {
  readonly name: string
  readonly group: string
  readonly uid: number
  readonly gid: number
}

/** Who owns the mails: Dovecot hands none to root, and Exim with a configuration of ours is its own user again. */
async function ownerOf(folder: string): Promise<Owner> {
  const me = userInfo()
  const isRoot = me.uid === 0
  const name = isRoot ? 'Debian-exim' : me.username
  const idOf = (what: string) => execFileSync('id', [what, name], { encoding: 'utf8' }).trim()
  const [uid, gid, group] = [Number(idOf('-u')), Number(idOf('-g')), idOf('-gn')]
  for (const place of ['mail', 'customers', 'exim', 'run']) {
    await mkdir(join(folder, place))
    if (isRoot && place !== 'run') await chown(join(folder, place), uid, gid)
    await chmod(join(folder, place), 0o777)
  }
  return { name, group, uid, gid }
}

/** https://doc.dovecot.org/2.3/configuration_manual/ */
function dovecotConfiguration(folder: string, port: number, { name, uid, gid, group }: Owner): string {
  const inner =
    userInfo().uid === 0
      ? ''
      : `default_internal_user = ${name}\ndefault_login_user = ${name}\ndefault_internal_group = ${group}\n`
  return `${inner}base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain xoauth2
auth_failure_delay = 0
first_valid_uid = 1
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = ${folder}/oauth2.conf
}
passdb {
  driver = passwd-file
  mechanisms = plain
  args = ${folder}/passwd
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${folder}/mail/%n
}
mail_location = maildir:~/Maildir
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    special_use = \\Sent
    auto = create
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = ${port}
    ssl = yes
  }
}
service anvil {
  chroot =
}
`
}

/** https://www.exim.org/exim-html-4.96/doc/html/spec_html/index.html */
function eximConfiguration(folder: string, smtpsPort: number, smtpPort: number, { name, group }: Owner): string {
  return `primary_hostname = mail.${domain}
spool_directory = ${folder}/exim/spool
log_file_path = ${folder}/exim/%slog
pid_file_path = ${folder}/exim/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${smtpsPort} : ${smtpPort}
tls_on_connect_ports = ${smtpsPort}
tls_advertise_hosts = *
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
auth_advertise_hosts = *
acl_smtp_rcpt = rcpt
host_lookup =
rfc1413_query_timeout = 0s
never_users =
deliver_drop_privilege
keep_environment =
message_size_limit = 50M
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
bounce_return_message = true

begin acl
rcpt:
  defer domains = ${refusing}
        local_parts = busy
        message = 4.3.0 Come again later.
  deny  domains = ${refusing}
        message = 5.7.1 Not with these words.
  deny  domains = ${domain}
        local_parts = nobody
        message = 5.1.1 Nobody here has that name.
  accept authenticated = *
  accept domains = ${domain}
  deny  message = 5.7.0 Log in first.

begin routers
business:
  driver = accept
  domains = ${domain}
  local_part_suffix = +*
  local_part_suffix_optional
  local_parts = lsearch;${folder}/boxes
  transport = box
gone:
  driver = redirect
  domains = ${customers}
  local_parts = gone
  allow_fail
  data = :fail: 550 5.1.1 The mailbox was closed.
customers:
  driver = accept
  domains = ${customers}
  transport = customers

begin transports
box:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail/$local_part_data/Maildir
  create_directory
  directory_mode = 0700
  envelope_to_add
  return_path_add
  user = ${name}
  group = ${group}
customers:
  driver = appendfile
  maildir_format
  directory = ${folder}/customers
  create_directory
  envelope_to_add
  return_path_add
  user = ${name}
  group = ${group}

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if eq{$auth3}{${password}}}
  server_set_id = $auth2
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = \${if match{$auth1}{\\Nauth=Bearer ey\\N}}
`
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function isListening(port: number): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => socket.destroy(undefined))
    socket.once('close', (failed) => resolve(!failed))
    socket.once('error', () => resolve(false))
  })
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
