/**
 * A shop that a first look at the hub needs: puts the widget of the channel named in the address on the page, exactly as a
 * business would. `?identity=` hands a signed JWT to the widget, as a shop does for a customer who is logged in.
 */
interface Tributary {
  open(): void
  identify(jwt: string): Promise<string | null>
}

const query = new URLSearchParams(location.search)
const channel = query.get('channel')
const tributary = () => (window as { tributary?: Tributary }).tributary

if (channel) {
  const script = document.createElement('script')
  script.async = true
  script.src = new URL('../w.js', location.href).href
  script.dataset.channel = channel
  const locale = query.get('locale')
  if (locale) script.dataset.locale = locale
  const identity = query.get('identity')
  script.onload = () => void (identity && tributary()?.identify(identity))
  document.head.append(script)
} else {
  for (const note of document.querySelectorAll<HTMLElement>('#missing')) note.hidden = false
}
for (const button of document.querySelectorAll<HTMLElement>('[data-chat]')) {
  button.onclick = () => tributary()?.open()
}
for (const link of document.querySelectorAll<HTMLAnchorElement>('#h5, #page')) link.search = location.search
