/** A mail's HTML without what could act, spy or break out of its place: only letters, lists, tables, links and pictures of the mail itself. Pure. */
import sanitize from 'sanitize-html'

const colour = [/^#[0-9a-f]{3,8}$/i, /^[a-z]{3,20}$/i, /^rgba?\([\d\s.,%/]{5,40}\)$/i]

const options: sanitize.IOptions = {
  allowedTags: [
    ...['p', 'div', 'span', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'code', 'address'],
    ...['b', 'strong', 'i', 'em', 'u', 's', 'sub', 'sup', 'small', 'font', 'ul', 'ol', 'li', 'dl', 'dt', 'dd'],
    ...['table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'caption', 'a', 'img'],
  ],
  allowedAttributes: {
    '*': ['style', 'dir'],
    a: ['href', 'rel', 'target'],
    // Pictures from elsewhere tell their owner that and where the mail is read.
    img: ['src', 'alt', 'width', 'height'],
    td: ['colspan', 'rowspan', 'align'],
    th: ['colspan', 'rowspan', 'align'],
    font: ['color'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['cid'] },
  allowProtocolRelative: false,
  allowedStyles: {
    '*': {
      color: colour,
      'font-weight': [/^(?:bold|normal|[1-9]00)$/],
      'font-style': [/^(?:italic|normal)$/],
      'text-decoration': [/^(?:underline|line-through|none)$/],
      'text-align': [/^(?:left|right|center|justify)$/],
    },
  },
  transformTags: { a: sanitize.simpleTransform('a', { rel: 'noopener noreferrer nofollow', target: '_blank' }) },
  nestingLimit: 60,
}

/** The HTML that may be kept. Of its pictures those keep their place that the mail has, named by Content-ID as it is written in the mail. */
export function sanitized(html: string, has: (contentId: string) => boolean): string {
  const img: sanitize.Transformer = (tagName, { src, ...others }) => {
    const contentId = contentIdIn(src)
    const isHere = contentId !== undefined && has(contentId)
    return { tagName, attribs: isHere ? { ...others, src: `cid:${contentId}` } : others }
  }
  return sanitize(html, { ...options, transformTags: { ...options.transformTags, img } }).trim()
}

/** https://www.rfc-editor.org/rfc/rfc2392#section-2: in an address it may be written with percent signs. */
function contentIdIn(address = ''): string | undefined {
  const [, written] = /^\s*cid:(\S+)\s*$/i.exec(address) ?? []
  try {
    return written && decodeURIComponent(written)
  } catch {
    return written
  }
}
