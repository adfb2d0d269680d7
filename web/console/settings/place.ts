/** Where in the settings one is: the part of the address after `#/settings/`. */
import { computed } from '@preact/signals'
import { route } from '../store.ts'

export const place = computed(() => route.value.path)

export function goTo(where: string): void {
  location.hash = `#/settings/${where}`
}
