/**
 * Login without a password, at Google and Microsoft: a refresh token that the mailbox's owner granted buys access tokens that last an hour.
 * https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
 * https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
 */
import { createHash } from 'node:crypto'
import type { Hub } from '../contract.ts'
import type { EmailSettings } from './settings.ts'

const providers = {
  google: { url: 'https://oauth2.googleapis.com/token', scope: undefined },
  microsoft: {
    url: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    scope: 'https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access',
  },
} as const

/** The provider takes the grant no more: somebody has to log in again. */
export class GrantRefused extends Error {}

export type Login = { readonly user: string } & ({ readonly pass: string } | { readonly accessToken: string })

/** Undefined for a server that asks for no login. `refused` is a token that a server has just not taken. */
export async function loginOf(settings: EmailSettings, hub: Hub, refused?: string): Promise<Login | undefined> {
  const user = settings.login ?? settings.address
  if (settings.oauth !== undefined) {
    return { user, accessToken: await hub.token('oauth', () => mint(settings, hub), refused) }
  }
  return settings.password === undefined ? undefined : { user, pass: settings.password }
}

interface Kept {
  /** The setting that it replaces. */
  readonly of: string
  readonly token: string
}

async function mint(settings: EmailSettings, hub: Hub): Promise<{ value: string; expiresAt: Date }> {
  const { oauth = 'google', oauthClientId = '', oauthClientSecret, oauthRefreshToken = '', oauthTokenUrl } = settings
  const { url, scope } = providers[oauth]
  const of = createHash('sha256').update(oauthRefreshToken).digest('base64url')
  // Microsoft hands out another refresh token with each access token, and lets the old ones run out.
  const kept = (await hub.memory.get('refresh-token')) as Kept | undefined
  const refresh_token = kept?.of === of ? kept.token : oauthRefreshToken
  const response = await hub.fetch(oauthTokenUrl ?? url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token,
      client_id: oauthClientId,
      ...(oauthClientSecret !== undefined && { client_secret: oauthClientSecret }),
      ...(scope !== undefined && { scope }),
    }),
    signal: AbortSignal.timeout(10_000),
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  // https://www.rfc-editor.org/rfc/rfc6749#section-5.2
  if (response.status === 400 || response.status === 401) {
    throw new GrantRefused(`The provider takes the OAuth grant no more (${String(answer.error ?? response.status)}).`)
  }
  const { access_token, expires_in, refresh_token: next } = answer
  if (!response.ok || typeof access_token !== 'string') {
    throw new Error(`The provider answered ${response.status} when it was asked for an access token.`)
  }
  if (typeof next === 'string' && next !== refresh_token) await hub.memory.set('refresh-token', { of, token: next })
  const seconds = typeof expires_in === 'number' ? expires_in : 3600
  return { value: access_token, expiresAt: new Date(Date.now() + seconds * 1000) }
}
