/** Style sheets that come with the part of the page that wants them. */

const asked = new Map<string, Promise<void>>()

/** Resolves when these are there, or cannot be had; each is asked for once. */
export async function sheets(...addresses: readonly string[]): Promise<void> {
  await Promise.all(
    addresses.map((href) => {
      const before = asked.get(href)
      if (before) return before
      const loading = new Promise<void>((resolve) => {
        const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href })
        link.onload = link.onerror = () => resolve()
        document.head.append(link)
      })
      asked.set(href, loading)
      return loading
    }),
  )
}
