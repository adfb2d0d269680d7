/** Tables for spreadsheets, made in the page. */

/**
 * A table as CSV (RFC 4180) with the mark by which spreadsheets know UTF-8. A value that they would take for a formula is
 * made text by an apostrophe (OWASP, CSV injection): customers write what stands here.
 */
export function csvOf(rows: readonly (readonly string[])[]): string {
  const cell = (value: string) => {
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return `\uFEFF${rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')}`
}

/** Hands the browser a file to keep. */
export function saveTable(name: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
