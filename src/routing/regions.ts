/** Names of places as people write them, made comparable. Pure. */

const suffix = /(?:特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|省|市|地区|盟|州)$/u

/** `广东省深圳市` → 广东, 深圳. Words between spaces, commas or slashes are parts of their own. */
export function placesOf(text: string): string[] {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s,，、/·-]+/u)
    .flatMap((part) => part.split(/(?<=省|自治区|特别行政区|市|州|盟|地区)(?=.)/u))
    .map((part) => part.replace(suffix, ''))
    .filter((part) => part !== '')
}

/** Whether somebody who is known to be in these places is where the rule says: in every part of it. */
export function isWithin(places: ReadonlySet<string>, region: string): boolean {
  const parts = placesOf(region)
  return parts.length > 0 && parts.every((part) => places.has(part))
}
