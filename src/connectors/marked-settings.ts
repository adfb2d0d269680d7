/** Settings of a kind that are more than values: secrets, and files that are kept for them. */
import type { TObject } from 'typebox'

/** Names of the settings made with `secret()`, arrays of them included. */
export function secretNames(config: TObject): string[] {
  const isSecret = (schema: object | undefined): boolean =>
    schema !== undefined &&
    (('secret' in schema && schema.secret === true) || ('items' in schema && isSecret(schema.items as object)))
  return Object.entries(config.properties)
    .filter(([, schema]) => isSecret(schema))
    .map(([name]) => name)
}

/**
 * What settings name in properties marked `file`: pictures (`file: true`) or sounds (`file: 'audio'`) that stay as long as they are named.
 * Objects within are looked through.
 */
export function filesIn(
  schema: { readonly properties?: Readonly<Record<string, object>> },
  settings: Readonly<Record<string, unknown>>,
  pointer: string,
): { pointer: string; fileId: string; isSound: boolean }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const value = settings[name]
    const at = `${pointer}/${name}`
    if (typeof value === 'string') {
      const isFile = 'file' in property && (property.file === true || property.file === 'audio')
      return isFile ? [{ pointer: at, fileId: value, isSound: property.file === 'audio' }] : []
    }
    const isObject = value !== null && typeof value === 'object' && !Array.isArray(value)
    return isObject ? filesIn(property, value as Record<string, unknown>, at) : []
  })
}
