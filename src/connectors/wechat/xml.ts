/** WeChat's XML: one element whose children are the fields of a message. */
import { SaxesParser } from 'saxes'

/** The text of each child of the root; of a field within a field, the outermost alone, empty. Undefined when it is not such XML: a document type and entities of its own are refused. */
export function fieldsOf(xml: string): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>()
  const path: string[] = []
  let text = ''
  let broken = false
  const parser = new SaxesParser()
  parser.on('error', () => {
    broken = true
  })
  parser.on('doctype', () => {
    broken = true
  })
  parser.on('opentag', ({ name }) => {
    path.push(name)
    text = ''
  })
  const gather = (piece: string) => {
    if (path.length === 2) text += piece
  }
  parser.on('text', gather)
  parser.on('cdata', gather)
  parser.on('closetag', ({ name }) => {
    if (path.length === 2) fields.set(name, text)
    text = ''
    path.pop()
  })
  try {
    parser.write(xml).close()
  } catch {
    return undefined
  }
  return broken ? undefined : fields
}

export type Fields = Readonly<{ [name: string]: string | number | Fields | readonly Fields[] }>

/** One element with these children, texts as CDATA. Of a list each member is an `item`. */
export function toXml(fields: Fields, name = 'xml'): string {
  const inner = Object.entries(fields).map(([child, value]) => {
    if (typeof value === 'number') return `<${child}>${value}</${child}>`
    if (typeof value === 'string') return `<${child}>${cdata(value)}</${child}>`
    if (Array.isArray(value)) return `<${child}>${value.map((item) => toXml(item, 'item')).join('')}</${child}>`
    return toXml(value as Fields, child)
  })
  return `<${name}>${inner.join('')}</${name}>`
}

/** Where the text itself would end the section, one section ends and another begins. */
function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}
