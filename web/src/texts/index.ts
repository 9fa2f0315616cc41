import { de } from './de'
import { type Texts, en } from './en'

const known: Record<string, Texts> = { en, de }

/* the first language of the browser that we speak */
const language = navigator.languages.map((l) => l.split('-')[0] ?? '').find((l) => l in known) ?? 'en'

export const t: Texts = known[language] ?? en

/* dates follow the browser's own variant of the language we speak */
export const locale = navigator.languages.find((l) => l.startsWith(language)) ?? language

document.documentElement.lang = language
