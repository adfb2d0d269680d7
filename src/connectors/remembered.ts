/** The part of the contract (contract.ts) for what is made of an account's settings and dear, such as a key. */

/**
 * Makes it once for each settings object, and forgets it with that object: the hub gives the same object as long as the settings are the same.
 * What throws is tried again.
 */
export function remembered<Settings extends object, Made>(
  make: (settings: Settings) => Made,
): (settings: Settings) => Made {
  const made = new WeakMap<Settings, { readonly value: Made }>()
  return (settings) => {
    const known = made.get(settings) ?? { value: make(settings) }
    made.set(settings, known)
    return known.value
  }
}
