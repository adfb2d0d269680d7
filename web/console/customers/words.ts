/** The words of the customers' pages, in the language of the moment. */
import { customersProblems, customersWords } from '../../i18n/customers.ts'
import { wordsIn } from '../../i18n/threefold.ts'
import { locale } from '../store.ts'

export const words = () => wordsIn(customersWords, locale.value)
export const problems = (): Readonly<Record<string, string>> => wordsIn(customersProblems, locale.value)
