/** The part of the contract (contract.ts) for platforms that speak XML: one element, its fields within. */
import { SaxesParser } from 'saxes'

/**
 * The texts of the elements by their path below the root, such as `Text/Content`. Undefined when it is not XML; a document type and entities of
 * its own are refused.
 */
export function textsInXml(xml: string): ReadonlyMap<string, string> | undefined {
  const texts = new Map<string, string>()
  const path: string[] = []
  let text = ''
  let broken = false
  const parser = new SaxesParser()
  const fail = () => {
    broken = true
  }
  parser.on('error', fail)
  parser.on('doctype', fail)
  parser.on('opentag', ({ name }) => {
    path.push(name)
    text = ''
  })
  const gather = (piece: string) => {
    text += piece
  }
  parser.on('text', gather)
  parser.on('cdata', gather)
  parser.on('closetag', () => {
    if (path.length > 1) texts.set(path.slice(1).join('/'), text)
    text = ''
    path.pop()
  })
  try {
    parser.write(xml).close()
  } catch {
    return undefined
  }
  return broken ? undefined : texts
}
