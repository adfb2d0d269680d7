/**
 * What a file may pass for. A type counts only when the first bytes, the name and our list agree; everything else is a bag of bytes to
 * be kept, never to be shown. SVG and HTML have no such bytes, so they are never anything else. Pure but for the reading of bytes.
 */
import { fileTypeFromBuffer } from 'file-type'

/** How many of the first bytes tell a type. */
export const headBytes = 4100

export const unknownType = 'application/octet-stream'

/** What may follow the last dot of a name, by the types that the first bytes may then say; the first is the one we say. */
const typesOf: Readonly<Record<string, readonly [string, ...string[]]>> = {
  png: ['image/png', 'image/apng'],
  jpg: ['image/jpeg'],
  jpeg: ['image/jpeg'],
  gif: ['image/gif'],
  webp: ['image/webp'],
  mp3: ['audio/mpeg'],
  m4a: ['audio/mp4', 'audio/x-m4a', 'video/mp4'],
  aac: ['audio/aac'],
  amr: ['audio/amr'],
  ogg: ['audio/ogg', 'audio/ogg; codecs=opus'],
  opus: ['audio/ogg', 'audio/ogg; codecs=opus'],
  wav: ['audio/wav'],
  weba: ['audio/webm', 'video/webm', 'video/matroska'],
  webm: ['video/webm', 'video/matroska'],
  mp4: ['video/mp4', 'audio/mp4', 'video/x-m4v'],
  mov: ['video/quicktime'],
  pdf: ['application/pdf'],
  zip: ['application/zip'],
  docx: ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'application/zip'],
  xlsx: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'application/zip'],
  pptx: ['application/vnd.openxmlformats-officedocument.presentationml.presentation', 'application/zip'],
}

/** The pictures that we decode, to make our own of them. */
const pictures: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

export function isPicture(mediaType: string): boolean {
  return pictures.includes(mediaType)
}

/** Whether a browser may play it in place. */
export function isPlayable(mediaType: string): boolean {
  return mediaType.startsWith('audio/') || mediaType.startsWith('video/')
}

/** What part of a message a file of that type makes. */
export function partTypeOf(mediaType: string): 'image' | 'audio' | 'video' | 'file' {
  if (isPicture(mediaType)) return 'image'
  if (mediaType.startsWith('audio/')) return 'audio'
  return mediaType.startsWith('video/') ? 'video' : 'file'
}

/** The type of a file by its first bytes and its (clean) name. */
export async function typeOf(head: Uint8Array, name: string): Promise<string> {
  const [said, ...also] = typesOf[extensionOf(name)] ?? []
  if (said === undefined) return unknownType
  const found = await magicOf(head)
  return found !== undefined && [said, ...also].includes(found) ? said : unknownType
}

/** An archive is known by how it begins: nothing of it is unpacked to learn more. */
async function magicOf(head: Uint8Array): Promise<string | undefined> {
  const [a, b, c, d] = head
  if (a === 0x50 && b === 0x4b && c === 3 && d === 4) return 'application/zip'
  // A piece of a file may end in the middle of what the library reads.
  return (await fileTypeFromBuffer(head.subarray(0, headBytes)).catch(() => undefined))?.mime
}

/** The (clean) name with an ending that tells the type: its own, if it is one that we know, else that of the first bytes, if we know it. */
export async function named(head: Uint8Array, name: string): Promise<string> {
  if (extensionOf(name) in typesOf) return name
  const found = await magicOf(head)
  const ending = Object.entries(typesOf).find(([, [said]]) => said === found?.split(';')[0])?.[0]
  return ending === undefined || /\.[a-z0-9]{1,8}$/i.test(name) ? name : `${name}.${ending}`
}

function extensionOf(name: string): string {
  return /\.([a-z0-9]{1,8})$/i.exec(name)?.[1]?.toLowerCase() ?? ''
}

const longest = 200

/**
 * A name as it is kept and shown: one form of each letter (NFKC), nothing invisible (Cf, Cc), no folders, no dots at its ends, at
 * most 200 characters with its ending kept. Says nothing of where the file lies.
 */
export function cleanName(given: string): string {
  const plain = given
    .toWellFormed()
    .normalize('NFKC')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, '')
    .replace(/\s+/g, ' ')
  const last = plain.split(/[/\\]/).at(-1) ?? ''
  const name = last.replace(/[<>:"|?*]/g, '_').replace(/^[.\s]+|[.\s]+$/g, '')
  if (name === '') return 'file'
  const letters = Array.from(name)
  if (letters.length <= longest) return name
  const ending = /\.[a-z0-9]{1,8}$/i.exec(name)?.[0] ?? ''
  return letters.slice(0, longest - ending.length).join('') + ending
}
