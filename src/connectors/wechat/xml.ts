/** WeChat's XML, as it is written: one element whose children are the fields of a message. */

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
